"""What a foreign function does with its arguments follows from the words of its symbol and its signature."""

from __future__ import annotations

import pytest

from codemods.ownership.compiler.builtins import Effect, bodyless_effect
from codemods.semantics.symbols import FunctionInfo, Index, SourceFile


def declared(symbol: str, signature: str) -> FunctionInfo:
    """The foreign function of a symbol."""
    code = f'@extern("{symbol}")\nfunc foreign{signature}\n'
    return Index([SourceFile.read("lib/std/src/sample.tml", code.encode())]).functions[0]


def effects(symbol: str, signature: str) -> list[Effect]:
    function = declared(symbol, signature)
    return [bodyless_effect(function, position) for position in range(len(function.values))]


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("free", "(p: *Unit)"),
        ("file_close", "(handle: *Unit)"),
        ("CloseHandle", "(handle: *Unit)"),
        ("CloseHandle", "(handle: I64) -> Bool"),
        ("closeHandle", "(handle: *Unit) -> I32"),
        ("SSL_CTX_free", "(ctx: *Unit)"),
        ("EVP_PKEY_free", "(key: I64)"),
        ("sqlite3_close_v2", "(db: *Unit) -> I32"),
        ("xmlFreeDoc", "(doc: *Unit)"),
        ("RegCloseKey", "(key: *Unit) -> I32"),
        ("WSACloseEvent", "(event: *Unit) -> I32"),
        ("SysFreeString", "(s: *Unit)"),
        ("XCloseDisplay", "(d: *Unit)"),
        ("mysql_free_result", "(r: *Unit)"),
        ("json_free_all", "(h: I64)"),
        ("gzip_header_destroy_wrapper", "(handle: *Unit)"),
        ("tml_close_handle", "(h: I64) -> I64"),
        ("hash_set_free", "(set: *Unit)"),
        ("g_object_unref", "(object: *Unit)"),
        ("json_decref", "(j: *Unit)"),
        ("munmap", "(address: *Unit, len: I64) -> I32"),
        ("fclose", "(file: *Unit) -> I32"),
        ("free_list", "(list: *Unit)"),
        ("free_memory", "(p: *Unit)"),
        ("mutex_destroy", "(m: mut ref Mutex) -> I32"),
        ("socket_close", "(fd: I32) -> I32"),
        ("db_free_cache", "(cache: *Unit)"),
        ("tml_str_free", "(s: Str)"),
        ("string_release", "(s: Str)"),
    ],
)
def test_it_releases(symbol: str, signature: str) -> None:
    assert effects(symbol, signature)[0] is Effect.RELEASES


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("db_is_closed", "(handle: *Unit) -> I32"),
        ("DbIsClosed", "(handle: *Unit) -> Bool"),
        ("is_released", "(handle: *Unit) -> Bool"),
        ("disk_free_bytes", "(path: Str) -> I64"),
        ("diskFreeBytes", "(disk: *Unit) -> I64"),
        ("disk_free", "(path: Str) -> I64"),
        ("heap_free_size", "(heap: *Unit) -> I64"),
        ("GetFreeSpace", "(disk: *Unit) -> U64"),
        ("get_free_list", "(heap: *Unit) -> *Unit"),
        ("next_free_slot", "(table: *Unit) -> I64"),
        ("find_free_port", "(host: Str) -> I32"),
        ("freedom", "(p: *Unit) -> I64"),
        ("freedom", "(p: *Unit)"),
        ("closest_point", "(p: *Unit) -> I64"),
        ("measure_closeness", "(p: *Unit) -> I64"),
        ("disclose", "(p: *Unit)"),
        ("droplet_size", "(p: *Unit) -> I64"),
        ("was_deleted", "(p: *Unit) -> Bool"),
        ("glfwWindowShouldClose", "(window: *Unit) -> I32"),
        ("can_close", "(p: *Unit) -> Bool"),
        ("ReleaseMutex", "(m: *Unit) -> I32"),
        ("semaphore_release", "(m: *Unit)"),
        ("set_close_on_exec", "(fd: I64)"),
        ("delete_file", "(path: Str) -> I32"),
        ("close_path", "(path: Str)"),
        ("freeze", "(p: *Unit)"),
        ("drop_rate", "(p: *Unit) -> F64"),
        ("release_name", "(os: *Unit) -> Str"),
    ],
)
def test_it_leaves_its_argument(symbol: str, signature: str) -> None:
    assert effects(symbol, signature)[0] is Effect.BORROWS


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("disk_free", "(disk: I64) -> I64"),
        ("slot_free", "(slot: *Unit) -> Bool"),
        ("closefile", "(file: *Unit)"),
        ("dbfree", "(db: *Unit)"),
        ("ctx_free_buffers", "(ctx: *Unit)"),
        ("sqlite3_db_release_memory", "(db: *Unit) -> I32"),
        ("find_free", "(heap: *Unit)"),
        ("curl_easy_cleanup", "(curl: *Unit)"),
        ("session_release", "(name: Str)"),
    ],
)
def test_it_may_release(symbol: str, signature: str) -> None:
    assert effects(symbol, signature)[0] is Effect.UNKNOWN


def test_only_what_can_be_a_handle_is_released() -> None:
    left, released = Effect.BORROWS, Effect.RELEASES
    assert effects("map_free", "(map: *Unit, deep: Bool)") == [released, left]
    assert effects("HeapFree", "(heap: I64, flags: I32, block: *Unit) -> Bool") == [left, left, released]
    assert effects("map_delete", "(map: *Unit, key: Str)") == [left, left]


def test_of_two_pointers_either_may_be_released() -> None:
    assert effects("ReleaseDC", "(window: *Unit, dc: *Unit)") == [Effect.UNKNOWN, Effect.UNKNOWN]
