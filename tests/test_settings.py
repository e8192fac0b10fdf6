import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.settings import Proxies, SettingsError, load
from bridge.text.render import english


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load({})
    assert settings.database_url == "sqlite:///var/bridge.db"
    assert (settings.mappings, settings.host, settings.port, settings.log) == (
        "mappings",
        "127.0.0.1",
        8080,
        "text",
    )
    assert settings.proxies == Proxies()


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"PORT": "", "BRIDGE_LOG": "  "}) == load({"PORT": "", "BRIDGE_LOG": "  "})
    assert load({"PORT": ""}).port == 8080


def test_every_problem_is_named_at_once_with_what_was_found_and_expected() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"PORT": "80a", "BRIDGE_LOG": "xml", "BRIDGE_PUBLIC_URL": "hooks.example.com"})
    assert tuple(map(english, caught.value.problems)) == (
        'PORT is "80a", expected a whole number from 1 to 65535',
        'BRIDGE_LOG is "xml", expected text or json',
        'BRIDGE_PUBLIC_URL is "hooks.example.com", expected a URL such as https://hooks.example.com',
    )


def test_a_bad_database_url_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"DATABASE_URL": "mysql://user:hunter2@db/x"})
    assert tuple(map(english, caught.value.problems)) == (
        "DATABASE_URL is a value kept secret, expected sqlite:///path/to/file.db or "
        "postgres://user:password@host/database",
    )


def test_printing_the_settings_reveals_no_secret() -> None:
    secret = "hunter2"
    settings = load(
        {
            "DATABASE_URL": f"postgres://u:{secret}@h/d",
            "BRIDGE_CONSOLE_PASSWORD": secret,
            "LEADCONVERTER_TOKEN": secret,
        }
    )
    assert secret not in repr(settings)
    assert secret in settings.database_url


def test_what_lives_on_knows_no_password_of_the_console() -> None:
    given = {"BRIDGE_CONSOLE_PASSWORD": "hunter2", "BRIDGE_CONSOLE_READ_PASSWORD": "hunter3", "PORT": "9000"}
    kept = load(given).without_passwords()
    assert (kept.port, kept.console_password, kept.console_read_password) == (9000, "", "")
    assert kept.environment == {"PORT": "9000"}


@pytest.mark.parametrize(
    ("text", "proxies"),
    [
        ("1", Proxies(hops=1)),
        ("10.0.0.0/8, ::1", Proxies(networks=(ip_network("10.0.0.0/8"), ip_network("::1/128")))),
    ],
)
def test_trusted_proxies_are_a_number_of_hops_or_networks(text: str, proxies: Proxies) -> None:
    assert load({"BRIDGE_TRUSTED_PROXIES": text}).proxies == proxies


def test_trusted_proxies_in_another_form_are_a_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_TRUSTED_PROXIES": "the-lb"})
    assert tuple(map(english, caught.value.problems)) == (
        'BRIDGE_TRUSTED_PROXIES is "the-lb", expected the number of proxies in front, or their networks: '
        '"1" or "10.0.0.0/8, ::1"',
    )


def test_a_trailing_slash_of_a_url_is_dropped() -> None:
    assert load({"BRIDGE_PUBLIC_URL": "https://hooks.example.com/"}).public_url == "https://hooks.example.com"


def test_the_consoles_passwords_are_plain_or_whole_scrypt_hashes() -> None:
    hashed = f"scrypt:32768:8:1$salt${'0' * 128}"
    settings = load({"BRIDGE_CONSOLE_PASSWORD": hashed, "BRIDGE_CONSOLE_READ_PASSWORD": "plain"})
    assert (settings.console_password, settings.console_read_password) == (hashed, "plain")
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONSOLE_PASSWORD": "scrypt:32768:8:1$cut"})
    assert tuple(map(english, caught.value.problems)) == (
        "BRIDGE_CONSOLE_PASSWORD is a value kept secret, "
        "expected a password, or a whole hash: scrypt:32768:8:1$salt$digest",
    )


def test_a_reading_password_alone_would_lock_out_its_owner() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONSOLE_READ_PASSWORD": "plain"})
    assert tuple(map(english, caught.value.problems)) == (
        "BRIDGE_CONSOLE_READ_PASSWORD is set, expected BRIDGE_CONSOLE_PASSWORD as well",
    )


def test_saving_from_the_console_is_a_switch() -> None:
    assert not load({}).console_edit
    assert load({"BRIDGE_CONSOLE_EDIT": "1"}).console_edit
    with pytest.raises(SettingsError):
        load({"BRIDGE_CONSOLE_EDIT": "yes"})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; no setting comes from the terminal that runs the tests."""
    for name in ("PORT", "BRIDGE_LOG", "SHOP", "SHOP_FILE", "LEADCONVERTER_TOKEN", "BRIDGE_CONSOLE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_in_the_working_folder_is_read_and_the_environment_wins(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "\ufeff# comment\r\nPORT=9000\nexport BRIDGE_LOG='json'\n\nSHOP=\"a # b\" # c\nB=${SHOP}$x\nEMPTY=\n"
    )
    (here / ".env").write_text(text, encoding="utf-8")
    settings = load()
    assert (settings.port, settings.log) == (9000, "json")
    assert (settings.environment["SHOP"], settings.environment["B"]) == ("a # b", "${SHOP}$x")
    assert "EMPTY" not in settings.environment
    assert "SHOP" not in settings.process
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("BRIDGE_LOG", " ")
    assert (load().port, load().log) == (9001, "json")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"PORT=1\nwhat is this\n", ".env:2 is not NAME=value"),
        (b"PORT\n", ".env:1 is not NAME=value"),
        (b"A='open\nB=1\n", ".env:1 is not NAME=value"),
        (b"A=\xff\n", ".env is not UTF-8"),
        (b"A=" + b"x" * (1 << 20), ".env is larger than 1 MiB"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_without_its_values(
    here: Path, data: bytes, problem: str
) -> None:
    (here / ".env").write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        load()
    assert english(caught.value.problems[0]) == problem
    assert "environment variables" not in (caught.value.hint or "")


def test_a_folder_named_env_is_said_in_words(here: Path) -> None:
    (here / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: Is a directory$"):
        load()


@pytest.mark.parametrize("name", ["BRIDGE_CONSOLE_PASSWORD", "BRIDGE_MAPPINGS", "DATABASE_URL"])
def test_a_placeholder_is_no_setting(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is FILL_IN, a placeholder"):
        load({name: "FILL_IN"})


def test_a_mark_at_the_beginning_of_a_value_s_file_is_no_part_of_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "shop").write_text("\ufeffs3cret\r\n", encoding="utf-8")
    monkeypatch.setenv("SHOP_FILE", "shop")
    assert load().environment["SHOP"] == "s3cret"


def test_a_setting_may_be_in_a_file_of_its_own(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "password").write_text("s3cret \r\n")
    (here / "shop").write_text("hush\n")
    monkeypatch.setenv("BRIDGE_CONSOLE_PASSWORD_FILE", "password")
    (here / ".env").write_text("SHOP_FILE=shop\nBRIDGE_CONSOLE_PASSWORD=other\n")
    settings = load()
    assert (settings.console_password, settings.environment["SHOP"]) == ("s3cret", "hush")
    monkeypatch.setenv("SHOP", "mine")
    assert load().environment["SHOP"] == "mine"


@pytest.mark.parametrize("kind", ["absent", "empty", "folder", "binary", "large", "pipe"])
def test_a_file_without_a_value_that_can_be_read_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = here / "it"
    match kind:
        case "empty":
            path.write_text(" \n")
        case "folder":
            path.mkdir()
        case "binary":
            path.write_bytes(b"\xff\xfe")
        case "large":
            path.write_bytes(b"1" * 70_000)
        case "pipe":
            os.mkfifo(path)
    monkeypatch.setenv("PORT_FILE", str(path))
    with pytest.raises(SettingsError) as caught:
        load()
    assert tuple(map(english, caught.value.problems)) == (
        "PORT_FILE names no readable file with a value, expected one",
    )


def test_variables_are_read_anew_without_the_passwords(here: Path) -> None:
    (here / ".env").write_text("SHOP_FILE=shop\nBRIDGE_CONSOLE_PASSWORD=p\n")
    settings = load()
    assert settings.reread
    assert "SHOP" not in settings.reread()
    (here / "shop").write_text("hush")
    assert settings.reread()["SHOP"] == "hush"
    assert "BRIDGE_CONSOLE_PASSWORD" not in settings.reread()
    assert load({}).reread is None


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE", "LC_MESSAGES": "ru"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "BRIDGE_LANG": "en"}, "en"),
        ({"BRIDGE_LANG": "ru"}, "ru"),
    ],
)
def test_the_language_is_that_of_the_setting_or_the_locale(
    environment: dict[str, str], language: str
) -> None:
    assert load(environment).language == language
