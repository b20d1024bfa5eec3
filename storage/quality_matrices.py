"""The versions of quality matrices in the ledger. They are added, never changed."""

from datetime import date, datetime

from sqlalchemy import Connection, Engine, insert, select
from sqlmodel import col

from quality.matrix import matrix_text
from quality.matrix.matrix import Matrix, Setting, check_versions, in_force
from storage.database import reader, take_write_lock
from storage.quality_tables import MatrixRow
from storage.versions import is_new

Ref = tuple[str, int]


class Matrices:
    """The matrices in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = reader(engine)

    def load(self, matrix: Matrix, now: datetime) -> bool:
        """Add a version, and tell whether it is new; what is there already, to the letter, is left alone.

        Raises:
            ConfigurationError: the version is there with another text, or contradicts another version.
        """
        with self._engine.begin() as connection:
            take_write_lock(connection)
            known = read_matrices(connection)
            if not is_new("la matriz", matrix, known):
                return False
            check_versions([*known.values(), matrix])
            values = {"id": matrix.id, "version": matrix.version, "text": matrix_text.write(matrix), "loaded_at": now}
            connection.execute(insert(MatrixRow), values)
        return True

    def all(self) -> tuple[Matrix, ...]:
        """Read all versions of all matrices that were loaded, or audited by."""
        with self._reader.begin() as connection:
            return tuple(read_matrices(connection).values())

    def of_contact(self, setting: Setting, day: date) -> Matrix:
        """Choose the matrix of a contact on a local day: one that was loaded for it, or else the shipped one.

        Raises:
            ConfigurationError: there is none, or two are for it.
        """
        shipped = matrix_text.load(matrix_text.ART_2019)
        return in_force([matrix for matrix in self.all() if matrix != shipped], setting, day, otherwise=shipped)


def read_matrices(connection: Connection) -> dict[Ref, Matrix]:
    """Read all versions, in order of name and version."""
    query = select(col(MatrixRow.id), col(MatrixRow.version), col(MatrixRow.text))
    ordered = query.order_by(col(MatrixRow.id), col(MatrixRow.version))
    return {
        (of, version): matrix_text.parse(text, f"{of}, versión {version}")
        for of, version, text in connection.execute(ordered)
    }
