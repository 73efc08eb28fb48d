"""The public names are those listed, no more and no fewer."""

import types

import directus_realtime as sdk


def test_all_lists_every_public_name_once() -> None:
    public = {
        name
        for name, value in vars(sdk).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert public == set(sdk.__all__)
    assert len(sdk.__all__) == len(set(sdk.__all__))


def test_every_public_class_and_function_says_what_it_is() -> None:
    for name in sdk.__all__:
        value = getattr(sdk, name)
        if isinstance(value, type | types.FunctionType):
            assert value.__doc__, name
