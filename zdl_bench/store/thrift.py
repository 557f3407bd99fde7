"""Thrift's compact protocol, limited to the parts that the headers of Parquet files use.

A reader stops after a given number of values, since a list in a damaged file may claim any length.
Source: the Apache Thrift specification, "Thrift Compact protocol encoding".
"""

from collections.abc import Mapping
from typing import Any

MAX_NESTING = 16

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
"""Type codes of the protocol."""
FIXED_SIZES = {TRUE: 0, FALSE: 0, BYTE: 1, DOUBLE: 8}
INTEGER_BITS = {I16: 16, I32: 32, I64: 64}
Fields = Mapping[int, Any]
"""Field number → type, or field number → value, for the fields of a struct. `[X]` is the type of a list of items of type X."""


class ThriftReader:
    """A reader of structs that starts at a given position. Raises ValueError for input that no Parquet writer produces."""

    def __init__(self, content: bytes, position: int, max_values: int) -> None:
        self.content, self.position, self._values_left = content, position, max_values

    def struct(self, types: Fields, depth: int = 0) -> dict[int, Any]:
        """Return field number → value for the next struct. Fields that `types` does not list are skipped."""
        found: dict[int, Any] = {}
        seen: set[int] = set()
        number = 0
        while kind := (head := self._byte()) & 15:
            number = number + (head >> 4) if head >> 4 else self._integer(16)
            if number in seen:
                raise ValueError("a header of the file has the same field twice")
            seen.add(number)
            expected = types.get(number)
            value = self._value(kind, expected, depth + 1)
            if expected is not None:
                found[number] = value
        return found

    def _value(self, kind: int, expected: Any, depth: int) -> Any:
        """Return the next value, of type code `kind`. expected: the required type, or None if every type is allowed."""
        self._values_left -= 1
        if self._values_left < 0 or depth > MAX_NESTING:
            raise ValueError("the headers of the file have more values or nested levels than those of any valid file")
        if expected is not None and kind != type_code(expected):
            raise ValueError("a field in a header of the file has an unexpected type")
        if kind in INTEGER_BITS:
            return self._integer(INTEGER_BITS[kind])
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct(expected or {}, depth)
        if kind in (LIST, SET):
            return self._list(expected, depth)
        if kind in FIXED_SIZES:
            return self._take(FIXED_SIZES[kind])
        raise ValueError("a header of the file has a value of an unknown type")

    def _list(self, expected: Any, depth: int) -> list[Any]:
        head = self._byte()
        length, kind = head >> 4, head & 15
        length = self._varint() if length == 15 else length
        kind = BYTE if kind in (TRUE, FALSE) else kind  # in a list, each boolean takes one byte
        return [self._value(kind, expected[0] if expected else None, depth) for _ in range(length)]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, length: int) -> bytes:
        self.position += length
        if self.position > len(self.content):
            raise ValueError("a header of the file ends too early")
        return self.content[self.position - length : self.position]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a header of the file has an integer of more than 64 bits")
        return value | byte << shift

    def _integer(self, bits: int) -> int:
        coded = self._varint()
        if coded >> bits:
            raise ValueError(f"a header of the file has an integer of more than {bits} bits")
        return coded >> 1 ^ -(coded & 1)


def type_code(expected: Any) -> int:
    return STRUCT if isinstance(expected, Mapping) else LIST if isinstance(expected, list) else expected


def encode_struct(types: Fields, fields: Mapping[int, Any]) -> bytes:
    """Return the bytes of a struct, in the form that `ThriftReader.struct` reads."""
    parts, before = [], 0
    for number, value in sorted(fields.items()):
        parts += [bytes([number - before << 4 | type_code(types[number])]), _encode_value(types[number], value)]
        before = number
    return b"".join([*parts, b"\0"])


def _encode_value(expected: Any, value: Any) -> bytes:
    if isinstance(expected, Mapping):
        return encode_struct(expected, value)
    if isinstance(expected, list):
        items = (_encode_value(expected[0], item) for item in value)
        return b"".join([bytes([15 << 4 | type_code(expected[0])]), encode_varint(len(value)), *items])
    return encode_varint(len(value)) + value if expected == BINARY else encode_varint(value << 1 ^ value >> 63)


def encode_varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
