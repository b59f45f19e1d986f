"""The board of the game: by hand as in plain Python; refusals in words; a real browser plays a quarter by clicking."""

import json
import re
from dataclasses import replace

import ipywidgets
import nbformat
import pytest
from lab_server import Lab
from pages import HERE, fresh, open_notebook, picture
from pages import press as switch

import crmkit
from crmkit.market import Campaign, Decision, Game, Outcome, Score, scenarios, score_table
from crmkit.market.board import market_board
from crmkit.market.words import differences

SMALL = {"seed": 3, "customers": 200, "quarters": 2}
CJK = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def english(tmp_path, monkeypatch):
    crmkit.set_language("en")
    monkeypatch.chdir(tmp_path)  # where a board begins its file


def plain(text: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.S)


def move(board, lever, group, value):
    board.levers[lever, group].value = value
    return board


def press(board, *steps):
    """Click buttons as a hand can: one that is not due does nothing."""
    for step in steps:
        if not board.steps[step].disabled:
            board.steps[step].click()


def by_hand(board):
    """Two quarters on the board."""
    for lever, group, value in (
        ("contacts", "families", 0.8),
        ("social", "families", 0.6000000000000001),
        ("relationship", "singles", "reactive"),
        ("care", "gold", 500.0),
        ("price", "", 0.98),
    ):
        move(board, lever, group, value)
    board.hypothesis.value, board.target.value, board.control_share.value = " a club binds ", 30.0, 0.4
    press(board, "plan", "do", "check")
    board.verdict.value, board.next_question.value = "standardise", "and singles?"
    press(board, "act")
    board._form.offered.value, board._form.offer["discount"].value = True, 0.1
    board._form.offer["calendar_months"].value = (4,)
    move(board, "contacts", "singles", "as_the_type")
    board.hypothesis.value, board.target.value = "an offer in April", 32.5
    press(board, "plan", "do", "check")
    board.verdict.value = "abandon"
    press(board, "act")
    return board


def in_python(game):
    first = replace(
        game.standard,
        contacts={"all": 0.4, "families": 0.8},
        social={"all": 0.0, "families": 0.6},
        price=0.98,
        relationship={"all": "basic", "singles": "reactive"},
        care={"all": 0.0, "gold": 500.0},
    )
    game.plan(first, quarter=1, hypothesis="a club binds", target=30.0, control_share=0.4)
    game.do(quarter=1)
    game.check(quarter=1)
    game.act("standardise", quarter=1, next_question="and singles?")
    offer = Campaign(name="campaign", discount=0.1, calendar_months=(4,))
    second = replace(first, campaigns=(offer,), contacts={"families": 0.8})
    game.plan(second, quarter=2, hypothesis="an offer in April", target=32.5, control_share=0.4)
    game.do(quarter=2)
    game.check(quarter=2)
    game.act("abandon", quarter=2)
    return game


def test_a_game_played_by_hand_is_the_same_game_in_plain_python_to_the_last_byte_of_its_file(tmp_path):
    hand, code = (Game("household_hotline", path=tmp_path / name, **SMALL) for name in ("hand", "code"))
    board = by_hand(market_board(hand))
    assert hand.moves == in_python(code).moves and hand.next_step is None
    assert (tmp_path / "hand").read_bytes() == (tmp_path / "code").read_bytes()
    assert all(button.disabled for button in board.steps.values())


@pytest.mark.parametrize("name", scenarios()["name"])
def test_untouched_levers_are_the_standard_of_every_scenario(name):
    game = Game(name, seed=1, customers=100, quarters=1)
    board = market_board(game)
    assert board.decision == game.standard
    assert "Nothing differs" in board._differs.value
    for control in board.levers.values():
        assert control.tooltip and not control.disabled
    move(board, "social", game.view().facts["segments"][0], 0.35)
    assert [line.startswith("social level") for _, line in differences(board.decision, game.standard)] == [
        True
    ]


def test_only_the_step_that_is_due_can_be_pressed_and_a_press_too_many_does_nothing():
    board = market_board(Game("household_hotline", **SMALL))
    board.hypothesis.value = "why not"
    for i, step in enumerate(("plan", "do", "check", "act")):
        assert [name for name, button in board.steps.items() if not button.disabled] == [step]
        assert len(board.game.moves) == i
        late = [name for name in board.steps if name != step]
        for name in late:
            press(board, name)
            board._take(name)  # also as a click that was on its way already
        assert len(board.game.moves) == i
        assert all(control.disabled == (step != "plan") for control in board.levers.values())
        press(board, step)
    assert board.game.quarter == 2 and board.game.next_step == "plan"


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_refusal_is_said_in_the_language_and_what_was_typed_stays(lang):
    crmkit.set_language(lang)
    board = move(market_board(Game("household_hotline", **SMALL)), "social", "families", 0.5)
    press(board, "plan")
    assert not board.game.moves and 'role="alert"' in board._said.value
    assert bool(CJK.search(board._said.value)) == (lang != "en")
    assert ("hypothesis" in board._said.value) == (lang != "zh")
    board.hypothesis.value, board.target.value = "a club binds", float("nan")
    press(board, "plan")
    assert not board.game.moves and 'role="alert"' in board._said.value
    assert board.hypothesis.value == "a club binds" and board.decision.social["families"] == 0.5
    assert not board.steps["plan"].disabled
    board.target.value = 33.0
    press(board, "plan")
    assert board.game.next_step == "do" and "alert" not in board._said.value


def test_an_own_estimate_is_typed_at_act_marked_by_its_interval_and_blank_means_that_of_check():
    board = market_board(Game("household_hotline", **SMALL))
    for quarter, typed in ((1, ("9.1", "−5", "13.2")), (2, ("", "", ""))):
        board.hypothesis.value = "a club binds"
        move(board, "social", "families", 0.3 * quarter)
        press(board, "plan", "do", "check")
        assert [field.value for field in board.estimate] == ["", "", ""]
        assert all(field.placeholder for field in board.estimate), "what Check found"
        for field, text in zip(board.estimate, typed):
            field.value = text
        press(board, "act")
    acts = [one["estimate"] for one in board.game.moves if one["step"] == "act"]
    assert acts == [[9.1, -5.0, 13.2], None]
    table = board.game.twin().table
    assert tuple(table.loc[0, ["estimate_low", "estimate_high"]]) == (-5.0, 13.2)


@pytest.mark.parametrize("typed", [("9", "", ""), ("nine", "1", "20"), ("1", "2", "3"), ("1e999", "0", "1")])
def test_an_own_estimate_that_is_none_is_refused_in_words_and_stays(typed):
    board = market_board(Game("household_hotline", **SMALL))
    board.hypothesis.value = "a club binds"
    press(board, "plan", "do", "check")
    for field, text in zip(board.estimate, typed):
        field.value = text
    press(board, "act")
    assert board.game.next_step == "act" and 'role="alert"' in board._said.value
    assert tuple(field.value for field in board.estimate) == typed and not board.steps["act"].disabled


def test_a_file_that_somebody_else_went_on_with_is_told_and_nothing_is_lost(tmp_path):
    board = market_board(Game("household_hotline", path=tmp_path / "g", **SMALL))
    other = Game.resume(tmp_path / "g")
    other.plan(other.standard, quarter=1, hypothesis="mine", target=1)
    board.hypothesis.value = "yours"
    press(board, "plan")
    assert "alert" in board._said.value and board.hypothesis.value == "yours" and not board.game.moves


def test_the_board_of_a_resumed_game_shows_where_it_stands(tmp_path):
    board = move(
        market_board(Game("household_hotline", path=tmp_path / "g", **SMALL)), "social", "families", 0.5
    )
    board.hypothesis.value = "a club binds"
    for step in ("plan", "do", "check"):
        press(board, step)
        again = market_board(Game.resume(tmp_path / "g"))
        assert again._said.value == board._said.value and again._differs.value == board._differs.value
        assert (
            again.decision == board.decision and again._inputs.selected_index == board._inputs.selected_index
        )
    board.verdict.value = "adjust"
    press(board, "act")
    again = market_board(Game.resume(tmp_path / "g"))
    assert again.decision == board.decision != board.game.standard, "what was tried is there to be adjusted"
    board._form.again.click()
    assert board.decision == board.game.standard


def test_a_game_that_went_on_in_plain_python_is_taken_up_at_the_next_press():
    board = market_board(Game("household_hotline", **SMALL))
    board.game.plan(board.game.standard, quarter=1, hypothesis="by code", target=1)
    board.hypothesis.value = "by hand"
    press(board, "plan")
    assert len(board.game.moves) == 1 and not board.steps["do"].disabled and board.steps["plan"].disabled


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_every_pane_is_in_the_language_without_slugs(lang):
    crmkit.set_language(lang)
    board = by_hand(market_board(Game("household_hotline", **SMALL)))
    values = {"do_nothing": 80.0, "player": 91.0, "truth_search": 120.0}
    firms = {
        name: Outcome(decisions=(), profit=None, discounted_profit=-20.0, equity=x)
        for name, x in values.items()
    }
    score = Score(table=score_table(firms), found=replace(board.game.standard, service_quality=0.7))
    board.game.score = lambda progress: progress(81) or score  # the search takes its time
    board._shown.tabs.selected_index = 5
    board._shown.panes["score"].children[-1].click()
    told = [plain(board._head.value), plain(board._said.value), *board._shown.tabs.titles]
    score_pane = "".join(getattr(part, "value", "") for part in board._shown.panes["score"].children[1:])
    assert "70%" in (shown := plain(score_pane))
    told_of_twin = re.findall(r'<img [^>]*alt="([^"]*)"', score_pane)
    in_words = 4 if lang == "both" else 2  # both quarters, in each language
    assert len(told_of_twin) == 1 and told_of_twin[0].count("95%") == in_words
    assert "27.5" in shown and "–" not in shown, "the score, and the truth of every segment"
    for i, pane in enumerate(board._shown.panes.values()):
        board._shown.tabs.selected_index = i
        told += [plain(part.value) for part in pane.children if isinstance(part, ipywidgets.HTML)]
        assert pane.children
    for control in (*board.levers.values(), board.verdict):
        told += getattr(control, "_options_labels", ())
    words = " ".join(told).replace("a club binds", "").replace("an offer in April", "")
    assert bool(CJK.search(words)) == (lang != "en")
    assert bool(re.search("[a-z]{4}", words)) == (lang != "zh")
    assert not re.search(r"[a-z]_[a-z]", words)


def test_changes_are_told_in_both_languages_campaigns_part_by_part():
    offer = Campaign(name="double_11", discount=0.25, groups=("all", "gold"), calendar_months=(4, 11))
    [(zh, en)] = differences(Decision(campaigns=(offer,)), Decision())
    assert (
        zh
        == "营销活动（双十一）：– → 老客户折扣 25%, 每人收到的信息 2, 给哪些客户 全部, 黄金, 举办月份 4, 11"
    )
    assert en == (
        "campaign (Double 11): – → discount for customers 25%, messages to each 2, for whom all, gold, "
        "months 4, 11"
    )
    more = replace(offer, discount=0.3, calendar_months=())
    [(_, line)] = differences(Decision(campaigns=(more,)), Decision(campaigns=(offer,)))
    assert (
        line == "campaign (Double 11): discount for customers 25%, months 4, 11 → discount for customers 30%"
    )
    other = Campaign(name="newsletter", contacts=1)
    [(_, line)] = differences(Decision(campaigns=(other,)), Decision(campaigns=(offer, other)))
    assert line.startswith("campaign: Double 11, ") and line.endswith("→ newsletter, messages to each 1")
    assert differences(Decision(), Decision()) == []
    [(_, line)] = differences(Decision(contacts=None), Decision(contacts={"families": 0.4}))
    assert line == "contacts a month (families): 0.4 → as the type"


def test_where_no_widget_runs_the_cell_says_where_the_game_stands_and_always_the_same():
    texts = set()
    for _ in range(2):
        bundle = market_board(Game("household_hotline", **SMALL))._repr_mimebundle_()
        texts.add((bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"])
    assert len(texts) == 1 and "quarter 1 of 2" in texts.pop()


# --- kept in a file, and what is said when the kernel is gone ------------------------------------------------------


def planned(board):
    board.hypothesis.value = "a club binds"
    press(board, "plan")
    return board


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_game_without_a_file_is_kept_in_the_working_folder_from_its_first_step_and_the_board_says_where(
    lang, tmp_path
):
    crmkit.set_language(lang)
    board = market_board(Game("household_hotline", **SMALL))
    assert not list(tmp_path.iterdir()) and board.game.path is None, (
        "to look at a board leaves nothing behind"
    )
    press(board, "plan")  # without a hypothesis it is refused
    assert not list(tmp_path.iterdir())
    press(planned(board), "do")
    assert [path.name for path in tmp_path.iterdir()] == ["household_hotline_3.game.jsonl"]
    assert board.game.path == tmp_path / "household_hotline_3.game.jsonl"
    said = plain(board._kept.value)
    assert "household_hotline_3.game.jsonl" in said and str(tmp_path) not in said
    assert bool(CJK.search(said)) == (lang != "en") and ("kept in" in said) == (lang != "zh")
    again = market_board(Game.resume("household_hotline_3.game.jsonl"))
    assert again.game.moves == board.game.moves and again._said.value == board._said.value


def test_no_file_is_written_over_by_the_next_board(tmp_path):
    taken = tmp_path / "household_hotline_3.game.jsonl"
    taken.write_text("mine")
    boards = [planned(market_board(Game("household_hotline", **SMALL))) for _ in range(2)]
    assert taken.read_text() == "mine"
    assert [board.game.path.name for board in boards] == [
        "household_hotline_3_2.game.jsonl",
        "household_hotline_3_3.game.jsonl",
    ]
    assert boards[0].game.path.read_bytes() == boards[1].game.path.read_bytes()


def test_a_game_that_has_a_file_is_kept_in_that_and_in_no_other(tmp_path):
    board = planned(market_board(Game("household_hotline", path=tmp_path / "mine.jsonl", **SMALL)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jsonl"] and "mine.jsonl" in board._kept.value


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_where_no_file_can_be_written_the_game_goes_on_and_the_next_step_tries_again(
    lang, tmp_path, monkeypatch
):
    crmkit.set_language(lang)
    board = market_board(Game("household_hotline", **SMALL))

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("crmkit.market.game.game_file.os.write", full)
        planned(board)
    assert board.game.next_step == "do" and "No space left" in board._kept.value
    assert bool(CJK.search(plain(board._kept.value))) == (lang != "en")
    press(board, "do")
    assert len(Game.verify(board.game.path).moves) == 2 and board.game.path.name in board._kept.value


def test_the_notice_of_a_lost_kernel_names_the_file_to_go_on_with_in_both_languages():
    board = market_board(Game("household_hotline", **SMALL))
    before = board._companion.notices
    assert set(before) == {"lost", "waiting"} and all(set(said) == {"zh", "en"} for said in before.values())
    assert "Game.resume" not in before["lost"]["en"], "there is no file yet"
    planned(board)
    for said in board._companion.notices["lost"].values():
        assert 'market_board(Game.resume("household_hotline_3.game.jsonl"))' in said
    assert board._companion.notices["waiting"] == before["waiting"]


def test_a_press_is_answered_to_the_page_so_that_silence_means_that_nobody_is_there(monkeypatch):
    companion = market_board(Game("household_hotline", **SMALL))._companion
    sent = []
    monkeypatch.setattr(type(companion), "send", lambda self, content, buffers=None: sent.append(content))
    companion._handle_custom_msg({"pressed": True}, [])
    assert sent == [{"pressed": True}]
    assert companion._esm.index("function watchKernel(") < companion._esm.index(
        "watchKernel({ model, root: board"
    )


# --- in a real JupyterLab ----------------------------------------------------------------------------------------

CELL = (
    'import crmkit\ncrmkit.set_language("{lang}")\n'
    "from crmkit.explore import market_board\nfrom crmkit.market import Game\n"
    'game = Game("household_hotline", seed=3, customers=400, quarters=2, path="board.game")\nmarket_board(game)'
)
BOARD = f"{HERE} .crm-board"


OWN = (9.1, 5, 13.2)  # the estimate that is typed at Act
IDLE = f"{HERE.split()[0]} .jp-Notebook-ExecutionIndicator[data-status=idle]"


def begin(page) -> None:
    """Run the notebook's cell."""
    page.wait_for_selector(IDLE, state="attached")
    page.locator(f"{HERE} .jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(f"{BOARD} .crm-step:not([disabled])", state="attached")


def notebook_with(lang, folder) -> None:
    """A lesson with the board; in both languages, as the switch knows one."""
    cells = [
        nbformat.v4.new_markdown_cell(f"# {name}", metadata={"tags": [f"lang-{tag}"]})
        for tag, name in (("zh", "棋盘"), ("en", "board"))
    ] + [nbformat.v4.new_code_cell(CELL.format(lang=lang))]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "board.ipynb")


@pytest.mark.parametrize("lang", ["both"])
def test_browser_plays_a_quarter_by_clicking(browser, tmp_path, lang):
    with Lab(tmp_path / "work", tmp_path / "home", "--lang", lang) as lab, fresh(browser) as page:
        notebook_with(lang, tmp_path / "work")
        page.goto(f"{lab.base}/api?token={lab.token}")
        open_notebook(page, lab.base, "board.ipynb", kernel=True, switch=False)
        begin(page)
        page.evaluate(
            "document.querySelectorAll('.jp-Cell').forEach(n => { n.style.contentVisibility = 'visible'; })"
        )
        if lang == "both":  # the switch, which begins with the language of the browser
            switch(page, "both")
        page.evaluate(f"document.querySelector('{BOARD}').scrollIntoView()")
        picture(page, f"board_{lang}_0")

        def due(n):
            page.wait_for_selector(f"{BOARD} .crm-step:not([disabled]):has-text('{n} ')")
            assert page.locator(f"{BOARD} .crm-step:not([disabled])").count() == 1

        due(1)
        slider = page.locator(f"{BOARD} [role=slider]").nth(4)
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.locator(f"{BOARD} ul li").first.wait_for()
        page.click(f"{BOARD} .crm-step:has-text('1 ')")
        page.wait_for_selector(f"{BOARD} [role=alert]")
        page.locator(f"{BOARD} input[type=text]:visible").last.fill("a club binds")
        page.click(f"{BOARD} .crm-step:has-text('1 ')")
        for n in (2, 3, 4):
            due(n)
            if n == 4:
                for field, typed in zip(page.locator(f"{BOARD} input[placeholder]:visible").all(), OWN):
                    assert float(field.get_attribute("placeholder").replace("−", "-")) is not None
                    field.fill(str(typed))
            picture(page, f"board_{lang}_{n}")
            page.click(f"{BOARD} .crm-step:has-text('{n} ')")
        due(1)
        lines = [
            json.loads(line) for line in (tmp_path / "work" / "board.game").read_text("utf-8").splitlines()
        ]
        assert [line.get("step") for line in lines] == [None, "plan", "do", "check", "act"]
        assert lines[4]["estimate"] == [float(typed) for typed in OWN]
        assert lines[1]["hypothesis"] == "a club binds" and lines[1]["decision"]["social"]["families"] == 0.1
        wide = page.evaluate(f"(n => n.scrollWidth - n.clientWidth)(document.querySelector('{BOARD}'))")
        assert wide <= 0, "nothing sticks out of the board"
        if lang == "both":
            for one, other in (("zh", "Plan"), ("en", "计划")):
                switch(page, one)
                page.wait_for_function(
                    "o => !document.querySelector('.crm-step').textContent.includes(o)", arg=other
                )
                words = page.locator(BOARD).inner_text()
                assert 'market_board(Game.resume("board.game"))' in words, (
                    "where it is kept, and what to write"
                )
                words = words.replace('market_board(Game.resume("board.game"))', "").replace("board.game", "")
                assert bool(CJK.search(words)) == (one == "zh")
                assert bool(re.search("[a-z]{4}", words.replace("a club binds", ""))) == (one == "en")
                picture(page, f"board_switched_{one}")
            switch(page, "both")
        for i, content in enumerate(("img", "img", "img", "table", ".widget-html-content span"), 1):
            page.locator(f"{BOARD} .lm-TabBar-tab").nth(i).click()
            page.locator(f"{BOARD} .widget-tab-contents {content}").locator("visible=true").first.wait_for()
            wide = page.evaluate(f"(n => n.scrollWidth - n.clientWidth)(document.querySelector('{BOARD}'))")
            assert wide <= 0, "nor out of a pane"
            picture(page, f"board_{lang}_pane{i}")


def test_browser_after_a_kernel_restart_the_board_says_so_and_takes_no_more_clicks(browser, tmp_path):
    with Lab(tmp_path / "work", tmp_path / "home", "--lang", "both") as lab, fresh(browser) as page:
        notebook_with("both", tmp_path / "work")
        page.goto(f"{lab.base}/api?token={lab.token}")
        open_notebook(page, lab.base, "board.ipynb", kernel=True, switch=False)
        begin(page)
        notice = page.locator(f"{BOARD} .crm-kernel-notice")
        assert not notice.is_visible()
        page.click(f"{HERE.split()[0]} [title*='Restart the kernel']")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        notice.wait_for(state="visible")
        for lang, words in {"zh": "内核重启过", "en": "kernel was restarted"}.items():
            switch(page, lang)
            page.wait_for_function(
                "words => document.querySelector('.crm-board .crm-kernel-notice').textContent.includes(words)",
                arg=words,
            )
            said = notice.inner_text()
            assert 'Game.resume("board.game")' in said and bool(CJK.search(said)) == (lang == "zh")
        assert page.locator(f"{BOARD} .crm-step").first.evaluate("n => n.closest('[inert]') !== null")
        broken = "n => getComputedStyle(n.closest('.widget-vbox'), '::before').content"
        assert page.locator(f"{BOARD} .crm-step").first.evaluate(broken) == "none", "one notice, and no icons"
        picture(page, "board_lost")
        # a server that is told to stop while a kernel restarts waits for it without end
        page.wait_for_selector(IDLE, state="attached")
        kernels = f"{lab.base}/api/kernels?token={lab.token}"
        while any(kernel["execution_state"] != "idle" for kernel in page.request.get(kernels).json()):
            page.wait_for_timeout(200)
