"""What the brokers are told: files made from credentials, without a secret in them."""

import os
from pathlib import Path

import pytest

from runtime.broker.accounts import Accounts, accounts_of
from runtime.broker.choice import NoMosquittoError, choose
from runtime.broker.credential import credential_of
from runtime.broker.login import BrokerLogin, BrokerUrlError, login_of
from runtime.broker.mosquitto import Place, access_of, configuration_of, passwords_of
from runtime.broker.passwords import mosquitto_hash
from runtime.broker.rights import AccountKind, may_publish
from runtime.settings import Settings

SECRET = "s" * 43
TAG = credential_of("tag-1", AccountKind.NATIVE, SECRET)
OWN = credential_of("keepclear.ingest", AccountKind.OWN, SECRET)
PLACE = Place(host="127.0.0.1", port=1883, directory=Path("/var/kc/broker"), system_user="kc")


@pytest.mark.parametrize(
    "line",
    [
        "listener 1883 127.0.0.1",
        "allow_anonymous false",
        "use_username_as_clientid true",
        "persistence true",
        "autosave_interval 30",
        "autosave_on_changes false",
        "max_queued_messages 1000000",
        "max_queued_bytes 0",
        "max_inflight_messages 0",
        "message_size_limit 70000",
        "persistence_location /var/kc/broker/",
        "password_file /var/kc/broker/passwords",
        "acl_file /var/kc/broker/access",
        "user kc",
    ],
)
def test_mosquitto_is_configured_not_to_lose(line: str) -> None:
    """Each of these lines stands against a default that loses messages or lets people in."""
    assert line in configuration_of(PLACE).splitlines()


def test_mosquitto_hashes_are_what_mosquitto_passwd_writes() -> None:
    """The hash is PBKDF2-HMAC-SHA-512 in the `$7$` form, with rounds, salt and digest."""
    head, rounds, salt, digest = mosquitto_hash(SECRET, b"0123456789ab")[1:].split("$")

    assert ("7", "1", "MDEyMzQ1Njc4OWFi", 88) == (head, rounds, salt, len(digest))
    assert mosquitto_hash(SECRET, b"0123456789ab") != mosquitto_hash(SECRET, b"another salt")


def test_the_files_of_mosquitto_say_who_may_what() -> None:
    """A line for each account, and its rights below its name."""
    assert [f"tag-1:{TAG.mosquitto_hash}", f"keepclear.ingest:{OWN.mosquitto_hash}"] == (
        passwords_of([TAG, OWN]).splitlines()
    )
    assert [
        "user tag-1",
        "topic write kc/v1/tag-1/fix",
        "topic write kc/v1/tag-1/event",
        "topic write kc/v1/tag-1/online",
        "topic write kc/v1/tag-1/cmd/ack",
        "topic read kc/v1/tag-1/#",
        "user keepclear.ingest",
        "topic write #",
        "topic read #",
        "topic read $SYS/#",
    ] == access_of([TAG, OWN]).splitlines()


def test_the_child_knows_whom_it_was_told() -> None:
    """The account file of amqtt carries recognition and rights across."""
    accounts = Accounts(accounts_of([TAG]).encode())

    assert accounts.recognises("tag-1", SECRET)
    assert not accounts.recognises("tag-1", SECRET + "x")
    assert not accounts.recognises("tag-1", None)
    assert not accounts.recognises("tag-2", SECRET)
    assert not accounts.recognises(None, None)
    assert may_publish(accounts.rights("tag-1"), "kc/v1/tag-1/fix")
    assert () == accounts.rights("tag-2")


def test_no_file_and_no_repr_holds_a_secret() -> None:
    """Neither what is written nor what could be printed contains the secret."""
    login = BrokerLogin(host="h", port=1, username="u", password=SECRET)
    texts = (passwords_of([TAG]), access_of([TAG]), accounts_of([TAG]), repr(TAG), repr(login))

    assert [] == [text for text in texts if SECRET in text]
    assert TAG.mosquitto_hash not in repr(TAG)


@pytest.mark.parametrize(
    "username", ["", "a b", "a:b", "a\nuser root", "a/b", "#", "+", "keepclear.x", "x" * 65, "ä"]
)
def test_a_name_that_could_say_more_is_refused(username: str) -> None:
    """No name can add a line to a broker's file, reach another topic, or pass for one of ours."""
    with pytest.raises(AssertionError):
        credential_of(username, AccountKind.NATIVE, SECRET)


def test_our_own_accounts_cannot_be_devices() -> None:
    """Accounts with all rights have names no device can have."""
    with pytest.raises(AssertionError):
        credential_of("ingest", AccountKind.OWN, SECRET)


def test_a_broker_address_is_read() -> None:
    """User, password, host, port and whether it is encrypted."""
    assert BrokerLogin(
        host="mq.example", port=8883, username="in gest", password="p@ss", tls=True
    ) == login_of("mqtts://in%20gest:p%40ss@mq.example")
    assert 1884 == login_of("mqtt://u:p@h:1884").port


@pytest.mark.parametrize("url", ["", "h:1883", "http://u:p@h", "mqtt://h", "mqtt://u:p@h:port"])
def test_an_address_without_an_account_is_refused(url: str) -> None:
    """We never log in as nobody."""
    with pytest.raises(BrokerUrlError):
        login_of(url)


def without_mosquitto(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Let the PATH hold nothing."""
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr("runtime.broker.choice._ALSO", ())


def test_mosquitto_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`auto` prefers mosquitto; `amqtt` is amqtt whatever there is."""
    program = tmp_path / "mosquitto"
    program.touch(mode=0o755)
    without_mosquitto(monkeypatch, tmp_path)

    assert program == choose(Settings(broker="auto")).executable
    assert "amqtt" == choose(Settings(broker="amqtt")).kind


def test_without_mosquitto_it_is_amqtt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`auto` falls back; asking for mosquitto by name does not."""
    without_mosquitto(monkeypatch, tmp_path)

    assert os.get_exec_path() == [str(tmp_path)]
    assert "amqtt" == choose(Settings(broker="auto")).kind
    with pytest.raises(NoMosquittoError):
        choose(Settings(broker="mosquitto"))
