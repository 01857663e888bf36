"""The ops, one family a file. Each op is declared once: shape rule, kernel's name, gradient, public function, docs."""
