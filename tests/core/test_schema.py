"""What public functions make of a first argument that is no frame: a sentence that says what was given and what to do."""

import pytest

import crmkit

OF_A_FRAME = (
    *(
        "stakeholder_map",
        "promise_gap",
        "message_plan",
        "name_segments",
        "rfm_scores",
        "pyramid",
        "value_matrix",
    ),
    *(
        "acquisition_spending",
        "fit_bg_nbd",
        "fit_mbg_nbd",
        "fit_pareto_nbd",
        "fit_gamma_gamma",
        "trial_frame",
    ),
    *("purchase_funnel", "referral_growth", "estimate_elasticity", "campaign_bridge", "check_randomisation"),
    *("retention_by_source", "uplift", "required_agents", "waiting_times"),
)


@pytest.mark.parametrize("given", ["cdnow", None, 5], ids=repr)
@pytest.mark.parametrize("name", OF_A_FRAME)
def test_what_is_no_frame_is_refused_in_words(name, given):
    with pytest.raises(crmkit.CrmkitError) as raised:
        getattr(crmkit, name)(given)
    assert raised.value.code == "not_a_frame"
    assert type(given).__name__ in raised.value.message_en and "pandas" in raised.value.message_zh
