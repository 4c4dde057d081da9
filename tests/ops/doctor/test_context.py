"""What the doctor finds out once for all its checks."""

from strongroom.ops.doctor.context import DiagnosisContext
from strongroom.ops.store.base import ExpectedFile, MissingError


def test_a_key_that_may_be_missing_is_no_error_of_the_store() -> None:
    def lack(session: object) -> None:
        raise MissingError("there is no key k", "key")

    context = DiagnosisContext.__new__(DiagnosisContext)
    files = [ExpectedFile("a", "m/data/a", lack, optional=True), ExpectedFile("b", "m/data/b", lack)]
    context.__dict__.update(login=object(), expected_files=files)

    assert list(context.read_errors) == ["m/data/b"]
