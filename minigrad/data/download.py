"""Downloads: checked, cached, never half there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from minigrad.data.local import HOW
from minigrad.data.sources import RemoteFile
from minigrad.errors import DataError

MOST_BYTES: Final = 2**28  # no file here has more than 171 MB
CHUNK: Final = 2**16
SECONDS: Final = 30


def cache_folder() -> Path:
    """The folder of this user's for what minigrad keeps: MINIGRAD_CACHE_DIR, or the platform's."""
    import platformdirs

    chosen = os.environ.get("MINIGRAD_CACHE_DIR")
    root = Path(chosen).absolute() if chosen else platformdirs.user_cache_path("minigrad")
    if not root.is_absolute():
        raise DataError(f"this user has no home directory to keep data sets in; name local copies with {HOW}")
    return root


def fetch(dataset: str, file: RemoteFile, download: bool = True) -> Path:
    """Return the path of a checked copy of `file` in the cache, downloaded if need be.

    Raises
    ------
    DataError
        If it is not there and `download` is false, if no address gives it, and if it cannot be kept.
    """
    import pooch

    path = cache_folder() / "datasets" / dataset / file.name
    if path.is_file() and pooch.file_hash(str(path), "md5") == file.md5:
        return path
    if not download:
        raise DataError(f"{dataset}: {path} is not there; let it be downloaded, or name a local copy with {HOW}")
    _make_folder(path.parent)
    failures = []
    for address in file.addresses:
        failure = _try(address, file.md5, path)
        if failure is None:
            return path
        failures.append(f"\n  {address}: {failure}")
    raise DataError(
        f"{dataset}: {file.name} could not be downloaded; get the files elsewhere and name their folder with {HOW}"
        + "".join(failures)
    )


def _make_folder(folder: Path) -> None:
    try:
        # The root is this user's alone, as the cache of compiled kernels beside the data sets demands.
        cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made ({error}); name local copies with {HOW}") from error


def _try(address: str, md5: str, path: Path) -> str | None:
    """Download to `path`, which appears whole and checked or not at all; return what went wrong, if anything did."""
    import pooch
    import requests
    import urllib3

    try:
        pooch.retrieve(address, f"md5:{md5}", fname=path.name, path=path.parent, downloader=_download)
    except DataError as error:
        return str(error)
    except requests.HTTPError as error:
        return f"the server answers {error}".partition(" for url")[0]
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        return f"no answer within {SECONDS} seconds"
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        return f"no connection, or a broken one ({type(error).__name__})"
    except ValueError:
        return "what came has another checksum than the published one"
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error}); name local copies with {HOW}") from error
    return None


def _download(address: str, output: str, _: object) -> None:
    """Write what comes from an address to a file, but no web page, and no more bytes than any data set has."""
    import requests
    from tqdm import tqdm

    with requests.get(address, stream=True, timeout=SECONDS) as response, Path(output).open("wb") as file:
        response.raise_for_status()
        name, size = address.rpartition("/")[2], response.raw.length_remaining
        with tqdm(desc=name, total=size, unit="B", unit_scale=True, disable=None) as bar:
            # Some servers declare a .gz file a compressed page; the checksum is that of the file as it is.
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                if not file.tell() and chunk.lstrip().startswith(b"<"):
                    raise DataError("a web page came instead of the file: an error, a login or a proxy's notice")
                file.write(chunk)
                if file.tell() > MOST_BYTES:
                    raise DataError(f"more than {MOST_BYTES:,} bytes came")
                bar.update(len(chunk))
