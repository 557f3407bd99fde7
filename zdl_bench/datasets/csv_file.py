"""A CSV file of the user's: a header, a row per example, and one column of labels."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench.datasets.own_arrays import Content, content_of, part_of, read_bytes
from zdl_bench.datasets.own_data import OwnData
from zdl_bench.errors import DataError, abridge, display

if TYPE_CHECKING:
    import pandas as pd

MAX_CSV_COLUMNS = 65_535


class CsvFile(OwnData):
    """Numbers in a CSV file with a header. All columns but the label are features, as they are.

    label: the name of the column to predict; None: the last column. The other values: see OwnData.
    """

    def __init__(
        self,
        name: str,
        path: str | None = None,
        label: str | None = None,
        test_share: float = 0.2,
        split_seed: int = 0,
        standardize: bool = False,
    ) -> None:
        super().__init__(name, path, test_share, split_seed, standardize)
        self.label = label

    def read(self, path: Path, predicts: str) -> Content:
        where = self._where
        frame = _frame_of(where, read_bytes(path))
        names = [str(name) for name in frame.columns]
        label = names[-1] if self.label is None else self.label
        if label not in names:
            raise DataError(f"dataset.label={display(label)}: there is no such column; name one of {abridge(label, names)}")
        _require_numbers(where, frame)
        features = frame.drop(columns=label).to_numpy(dtype=float)
        names_of_parts = (f"{where}: the features", f"{where}: the column {display(label)}")
        return content_of(part_of(names_of_parts, features, frame[label].to_numpy(), predicts), None)


def _frame_of(where: str, raw: bytes) -> "pd.DataFrame":
    """Return the table in a CSV file. Each number is read to the nearest float64, on every machine the same."""
    import pandas as pd

    header = raw[: raw.find(b"\n")]
    if header.count(b",") >= MAX_CSV_COLUMNS:
        raise DataError(f"{where}: the header has more than {MAX_CSV_COLUMNS:,} columns; give fewer")
    if b"," not in header:
        raise DataError(f"{where}: the header has one column; separate at least two columns by commas")
    try:
        frame = pd.read_csv(io.BytesIO(raw), engine="pyarrow")  # its numbers are rounded correctly by every version
    except (ValueError, OverflowError) as error:  # pandas' ParserError and EmptyDataError, and UnicodeDecodeError
        raise DataError(f"{where}: this is not a CSV file ({display(str(error).strip())}); correct it") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        named = f"the name {display(name)}" if name else "no name"
        raise DataError(f"{where}: two columns have {named}; give each a name of its own")
    if frame.empty:
        raise DataError(f"{where}: there is no row below the header; the first line has the names of the columns")
    if all(_is_number(name) for name in frame.columns):
        raise DataError(f"{where}: the first line holds numbers; put a line with the names of the columns above it")
    if frame.columns[0] == "" or frame.columns[0].startswith("Unnamed: "):
        raise DataError(f"{where}: the first column has no name; name it, or leave out row numbers (index=False in pandas)")
    return frame


def _require_numbers(where: str, frame: "pd.DataFrame") -> None:
    """Raise DataError for the first cell that is missing or no number."""
    import pandas as pd

    for name, column in frame.items():
        missing = column.isna()
        if missing.any():
            raise DataError(
                f"{where}: the column {display(name)} has no value in row {int(missing.to_numpy().argmax()) + 1}; "
                "fill it in, or leave out the row"
            )
        if not pd.api.types.is_numeric_dtype(column):
            cells = (one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in column)
            odd = next((cell for cell in cells if not _is_number(cell)), str(column.dtype))
            raise DataError(f"{where}: the column {display(name)} holds {display(odd)}, not a number; replace words by numbers")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
