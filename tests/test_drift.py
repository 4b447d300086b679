"""What of a plan is drift, what is ignored or known, and the files that tell of it."""

import json

import make
import pytest
import samples
from prometheus_client.parser import text_string_to_metric_families

from mlops.baseline import baseline_document, read_baseline
from mlops.drift import drifted, pieces, without
from mlops.drifted import Drift, Known
from mlops.errors import SpecError
from mlops.plain import fingerprint, thaw
from mlops.values import Action, Cause, Change, FieldChange
from mlops.views.metrics import metrics

SERVICE = make.SERVICE


def field(path: str, cause: Cause = Cause.DRIFT, live: object = "live") -> FieldChange:
    return make.field_change(path, before=live, after="wanted", cause=cause)


def updated(*fields: FieldChange, at: str = SERVICE) -> Change:
    return make.change(at, Action.UPDATE, reason="", fields=fields)


def paths(drift: Drift) -> list[str]:
    return [each.path for change in drift.plan.pending for each in change.fields]


def test_drift_is_told_apart_from_what_the_file_would_change_anyway() -> None:
    plan = make.plan(
        updated(field("tags.a"), field("port", Cause.CONFIG), at="laptop/service/both"),
        updated(field("tags.a"), at="laptop/service/drifted"),
        make.change("laptop/service/new"),
        make.change("laptop/service/old", Action.DELETE),
        make.change("laptop/environment/other"),
    )

    found = drifted(plan, {})

    assert ["tags.a", "tags.a"] == paths(found)
    assert 3 == found.ahead


def test_what_a_change_of_the_file_would_mend_in_passing_is_no_drift_if_a_rule_names_it() -> None:
    plan = make.plan(updated(field("process"), field("port", Cause.CONFIG)))

    found = drifted(plan, {}, (make.rule(fields=("process",)),))

    assert [] == paths(found)
    assert ["process"] == [one.path for change in found.plan.changes for one in change.ignored]
    assert 1 == found.ahead


def test_known_drift_is_not_told_again_until_its_value_is_another() -> None:
    baseline = pieces(drifted(make.plan(updated(field("tags.a"), field("tags.b"))), {}))
    now = drifted(make.plan(updated(field("tags.a"), field("tags.b", live="else"))), {})

    left = without(now, baseline)

    assert ["tags.b"] == paths(left)
    assert (Known(address=SERVICE, field="tags.a", live=fingerprint("live")),) == left.known


def test_a_service_that_is_known_to_be_gone_is_not_told_again() -> None:
    found = Drift(plan=make.plan(make.change(reason="somebody deleted it")))

    left = without(found, pieces(found))

    assert () == left.plan.pending
    assert (Known(address=SERVICE),) == left.known


def test_a_baseline_is_read_as_it_was_written_and_holds_no_values() -> None:
    known = pieces(samples.drift())

    text = json.dumps(thaw(baseline_document("quickstart", known)))

    assert frozenset(known) == read_baseline(text, "known.json", "quickstart")
    assert "9999" not in text


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format_version": 2}', '{"known": [{"field": 1}]}']
)
def test_what_is_no_baseline_is_refused_by_name(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        read_baseline(text, "known.json", "quickstart")

    assert ["`known.json` is no baseline of this version"] == [
        problem.summary for problem in refused.value.problems
    ]


def test_a_baseline_of_another_project_is_refused() -> None:
    text = json.dumps(thaw(baseline_document("other", ())))

    with pytest.raises(SpecError) as refused:
        read_baseline(text, "known.json", "quickstart")

    assert "is a baseline of `other`" in refused.value.problems[0].summary


def gauges(drift: Drift) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics(drift, 1700000000.4))
    return {
        (sample.name.removeprefix("mlops_"), sample.labels.get("service", "")): sample.value
        for family in families
        for sample in family.samples
        if family.type == "gauge" and sample.labels["project"] == drift.plan.project
    }


def test_the_gauges_count_what_the_output_counts() -> None:
    assert {
        ("services", ""): 3,
        ("drifted_services", ""): 2,
        ("drifted_fields", ""): 2,
        ("ignored_fields", ""): 0,
        ("unobserved_targets", ""): 0,
        ("baselined_fields", ""): 0,
        ("file_ahead_services", ""): 0,
        ("drift_last_run_timestamp_seconds", ""): 1700000000,
        ("service_drifted_fields", "gone"): 1,
        ("service_drifted_fields", "edited"): 1,
        ("service_drifted_fields", "kept"): 0,
    } == gauges(samples.drift())


def test_the_gauges_tell_what_is_agreed_to() -> None:
    found = gauges(samples.agreed_drift())

    names = ("ignored_fields", "baselined_fields", "file_ahead_services", "drifted_fields")
    assert [2, 1, 2, 0] == [found[name, ""] for name in names]


def test_no_name_breaks_out_of_its_label() -> None:
    plan = make.plan(project='a"} 1\n\\')

    (family, *_) = text_string_to_metric_families(metrics(Drift(plan=plan), 0))

    assert 'a"} 1\n\\' == family.samples[0].labels["project"]
