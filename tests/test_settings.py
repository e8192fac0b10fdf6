from ipaddress import ip_network

import pytest

from bridge.settings import Proxies, SettingsError, load


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
    assert caught.value.problems == (
        'PORT is "80a", expected a whole number from 1 to 65535',
        'BRIDGE_LOG is "xml", expected text or json',
        'BRIDGE_PUBLIC_URL is "hooks.example.com", expected a URL such as https://hooks.example.com',
    )


def test_a_bad_database_url_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"DATABASE_URL": "mysql://user:hunter2@db/x"})
    assert caught.value.problems == (
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
    assert caught.value.problems == (
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
    assert caught.value.problems == (
        "BRIDGE_CONSOLE_PASSWORD is a value kept secret, "
        "expected a password, or a whole hash: scrypt:32768:8:1$salt$digest",
    )


def test_a_reading_password_alone_would_lock_out_its_owner() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONSOLE_READ_PASSWORD": "plain"})
    assert caught.value.problems == (
        "BRIDGE_CONSOLE_READ_PASSWORD is set, expected BRIDGE_CONSOLE_PASSWORD beside it",
    )


def test_saving_from_the_console_is_a_switch() -> None:
    assert not load({}).console_edit
    assert load({"BRIDGE_CONSOLE_EDIT": "1"}).console_edit
    with pytest.raises(SettingsError):
        load({"BRIDGE_CONSOLE_EDIT": "yes"})
