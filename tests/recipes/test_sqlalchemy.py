from collections.abc import Callable
from types import ModuleType

import pytest
from sms_scheduler import SmsStatus
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session


@pytest.mark.parametrize("status", [SmsStatus.RECEIVED, SmsStatus(99), None])
def test_the_code_is_stored_and_the_member_read_back(
    status: SmsStatus | None, example: Callable[[str], ModuleType]
) -> None:
    tables = example("tables.py")
    engine = create_engine("sqlite://")
    tables.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(tables.Sms(id=7, phone_number="+33612345678", status=status))
        session.commit()
        assert session.scalar(text("SELECT status FROM sms")) == status
        read = session.scalars(select(tables.Sms).where(tables.Sms.id == 7)).one()
        assert read.status == status
        assert isinstance(read.status, SmsStatus | None)
    engine.dispose()


def test_the_column_compares_like_a_number(example: Callable[[str], ModuleType]) -> None:
    tables = example("tables.py")
    engine = create_engine("sqlite://")
    tables.Base.metadata.create_all(engine)
    codes = [SmsStatus.SENT, SmsStatus.RECEIVED, SmsStatus.MISSED_ERROR, SmsStatus(99)]
    with Session(engine) as session:
        session.add_all(tables.Sms(id=code, phone_number="+33612345678", status=code) for code in codes)
        session.commit()
        received = select(tables.Sms.id).where(tables.Sms.status == SmsStatus.RECEIVED)
        assert session.scalars(received).all() == [13]
        assert session.scalars(select(tables.Sms.id).where(tables.Sms.status >= 20)).all() == [39, 99]
    engine.dispose()
