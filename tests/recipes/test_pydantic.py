from collections.abc import Callable
from types import ModuleType

import pytest
from pydantic import ValidationError
from sms_scheduler import MessageReportRow, SmsStatus

ROW = '{"id":7,"phone_number":"+33612345678","status":99}'
EVENT = f'{{"previous":12,"current":{ROW}}}'


def test_json_is_read_and_written_both_ways(example: Callable[[str], ModuleType]) -> None:
    event = example("events.py").DeliveryEvent.model_validate_json(EVENT)
    assert event.previous is SmsStatus.SENT
    assert event.current == MessageReportRow(id=7, phone_number="+33612345678", status=SmsStatus(99))
    assert event.current.status.name == "UNKNOWN_99"
    assert event.model_dump_json() == EVENT


def test_objects_are_taken_as_they_are(example: Callable[[str], ModuleType]) -> None:
    row = MessageReportRow(id=7, phone_number="+33612345678", status=SmsStatus.SENT)
    event = example("events.py").DeliveryEvent(previous=SmsStatus(99), current=row)
    assert event.current is row
    assert event.previous == 99
    assert event.model_dump(mode="json")["previous"] == 99


@pytest.mark.parametrize(
    "bad", ['{"id":"x","phone_number":"","status":1}', '{"id":7}', "7", '{"id":7,"phone_number":"","status":"a"}']
)
def test_what_is_no_row_is_refused(bad: str, example: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValidationError, match="current"):
        example("events.py").DeliveryEvent.model_validate_json(EVENT.replace(ROW, bad))


def test_the_schema_does_not_close_the_enum(example: Callable[[str], ModuleType]) -> None:
    schema = example("events.py").DeliveryEvent.model_json_schema()
    assert schema["properties"]["previous"]["type"] == "integer"
    assert "enum" not in str(schema)
