"""Fields and files of a form, multipart or encoded in a line, as Flask shows them."""

import io
import re
import shutil
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple
from urllib.parse import parse_qsl, unquote

from .headers import Headers

WORD = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')


class Several(Dict[str, Any]):
    """A dictionary of first values that knows the further ones, too."""

    def __init__(self, given: List[Tuple[str, Any]]) -> None:
        super().__init__()
        self._lists: Dict[str, List[Any]] = {}
        for name, value in given:
            self.setdefault(name, value)
            self._lists.setdefault(name, []).append(value)

    def get(
        self,
        key: str,
        default: Any = None,
        type: Optional[Callable[[Any], Any]] = None,  # noqa: A002 - Flask's name
    ) -> Any:
        """Return the first value, turned by `type` if it is given, or the default."""
        if key not in self:
            return default
        try:
            return self[key] if type is None else type(self[key])
        except (ValueError, TypeError):
            return default

    def getlist(self, key: str) -> List[Any]:
        """Return every value of a name."""
        return list(self._lists.get(key, []))

    def to_dict(self, flat: bool = True) -> Dict[str, Any]:  # noqa: FBT001, FBT002 - Flask's signature
        """Return an ordinary dictionary, of first values or of all."""
        return dict(self) if flat else {name: list(all_) for name, all_ in self._lists.items()}

    def lists(self) -> Iterator[Tuple[str, List[Any]]]:
        """Yield names with every value."""
        return iter(self._lists.items())


class FileStorage:
    """One uploaded file. What it has not itself, its stream has."""

    def __init__(self, name: str, filename: str, headers: Headers, data: bytes) -> None:
        self.name = name
        self.filename = filename
        self.headers = headers
        self.stream: BinaryIO = io.BytesIO(data)
        self.content_type: str = headers.get("content-type", "")
        self.mimetype = self.content_type.partition(";")[0].strip().lower()
        self.content_length = len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def __bool__(self) -> bool:
        return bool(self.filename)

    def save(self, dst: Any, buffer_size: int = 16384) -> None:
        """Write the file to a path or into an open one."""
        if hasattr(dst, "write"):
            shutil.copyfileobj(self.stream, dst, buffer_size)
            return
        with open(str(dst), "wb") as file:  # noqa: PTH123 - any kind of path
            shutil.copyfileobj(self.stream, file, buffer_size)


def query(line: str) -> Several:
    """Read `a=1&b=2`."""
    return Several(parse_qsl(line, keep_blank_values=True))


def form(content_type: str, body: bytes) -> Tuple[Several, Several]:
    """Return the fields and the files of a form; of anything else, none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return query(body.decode("utf-8", "replace")), Several([])
    boundary = words(content_type).get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        return Several([]), Several([])
    fields: List[Tuple[str, Any]] = []
    files: List[Tuple[str, Any]] = []
    for headers, data in parts(body, boundary.encode("latin-1")):
        said = words(headers.get("content-disposition", ""))
        name = said.get("name", "")
        if "filename" in said:
            files.append((name, FileStorage(name, said["filename"], headers, data)))
        else:
            fields.append((name, data.decode("utf-8", "replace")))
    return Several(fields), Several(files)


def parts(body: bytes, boundary: bytes) -> Iterator[Tuple[Headers, bytes]]:
    """Cut a multipart body at its boundaries. What is cut short is left out."""
    line = re.compile(b"\r\n--" + re.escape(boundary) + b"(--)?[ \t]*(?:\r\n|$)")
    body = b"\r\n" + body
    cuts = list(line.finditer(body))
    for cut, following in zip(cuts, cuts[1:]):
        if cut.group(1):
            return
        # A part without headers begins with the empty line itself.
        head, found, data = (b"\r\n" + body[cut.end() : following.start()]).partition(b"\r\n\r\n")
        if not found:
            continue
        lines = head.decode("utf-8", "replace").split("\r\n")
        given = [line_.partition(":") for line_ in lines if ":" in line_]
        yield Headers((name.strip(), value.strip()) for name, _, value in given), data


def words(header: str) -> Dict[str, str]:
    """Return the parameters of a header: `name="x"; filename*=UTF-8''%C3%A9`."""
    found = {}
    for name, value in WORD.findall(header):
        text = value.strip()
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
        key = name.lower()
        if key.endswith("*"):
            key, text = key[:-1], unquote(text.rpartition("'")[2])
        found[key] = text
    return found
