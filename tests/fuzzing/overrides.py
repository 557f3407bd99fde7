"""Command lines that a careless or hostile hand could type."""

from hypothesis import strategies as st

from fuzzing.case import Case

TINY = ("executor=serial", "report=false", "problem=quadratic", "steps=3", "probe.count=2")
"""A run that takes a millisecond. Each case starts from it; a key that a case gives is left out of it."""

PARTS = {
    "optimizer": ("sgd", "momentum", "adagrad", "rmsprop", "adam", "adam_articles"),
    "problem": ("quadratic", "bowl", "rosenbrock", "saddle", "beale", "rastrigin", "double_well"),
    "schedule": ("constant", "cosine", "step_decay"),
    "dataset": ("digits",),
    "executor": ("serial",),
}
"""Choices that exist. `dataset=auto` and mnist may download, mlp takes tens of milliseconds, and processes start processes:
each has cases of its own elsewhere."""

KEYS_IN_A_ROW = (
    "lr seed steps dtype rng probe.count probe.images n_jobs name force report formats experiment dry_run timeout max_failures "
    "optimizer problem dataset schedule executor probe optimizer.beta1 optimizer.beta2 optimizer.epsilon optimizer.momentum "
    "problem.dimension problem.condition_number problem.gradient_noise problem.start_std problem.start problem.hidden "
    "schedule.warmup_share schedule.final_factor schedule.drops dataset.dir dataset.validation_size dataset.mirrors "
    "dataset.files dataset.candidates executor.address optimizer._target_ problem._target_ executor._target_ optimizer.name "
    "problem.name optimizer.style.color problem.targets optimizer.default_lr hydra.run.dir hydra.sweep.dir "
    "hydra.sweep.subdir hydra.output_subdir hydra.job.chdir hydra.job.name hydra.sweeper._target_ hydra/launcher "
    "hydra.launcher._target_ hydra/job_logging hydra/hydra_logging hydra.verbose hydra.searchpath hydra.mode "
    "hydra.sweeper.max_batch_size hydra.callbacks hydra.callbacks.x._target_ hydra.job.env_set.HOME hydra.job.env_copy "
    "hydra.help.template hydra.runtime.choices.experiment hydra.job.config.override_dirname hydra/output hydra hydra/env "
    "tuning_seeds lr_grid tune max_extensions zip"
)
KEYS = KEYS_IN_A_ROW.split()

GROWING = ("steps", "problem.dimension", "probe.count", "n_jobs", "problem.hidden", "timeout")
"""Keys whose large values are valid and rightly take long or much: they get small values, or ones that nobody can have."""
"""`steps=10**9` runs for an hour because it was asked to."""

WORDS_IN_A_ROW = (
    "null true false nan inf -inf 0 -0 -1 1 2 3 0.1 1e-3 1e400 -1e400 1e-400 1_000 0x10 abc ??? ${seed} ${oc.env:HOME} "
    "${oc.decode:1} ${hydra:runtime.cwd} ../../x /etc/passwd . .. ~ * ${ } [ ] {} [] {a:1} {a:{b:c}} [1,[2,[3]]] [a,b "
    "'abc' \"abc\" 'a\\'b' 'a os.system __import__ zdl_bench.cli.main serial sgd quadratic float32 float64 legacy spawned "
    "png [png] [png,svg] [../../x] {} \\ \\\\ = == , ,, : @ @x %s %(x)s {0} 99999999999999999999 -99999999999999999999 "
    "9223372036854775807 9223372036854775808 4294967296 1e308 1e309 5e-324 true,false 1,2 1,,2 1,a 'a,b',c basic"
)
WORDS = WORDS_IN_A_ROW.split()
RANGES_IN_A_ROW = (
    "range(0,3) range(3,0) range(0,3,0) range(0,1,0.4) range(3) range(0,10**9) range(0,1000000000000) range(0,1e18) "
    "range(-1e300,1e300) range(0,1,1e-12) range(0,inf) range(nan,1) range(1e40,1e41,1) range(a,b) shuffle(range(0,3)) "
    "shuffle(range(0,1000000000000)) sort(range(0,1000000000000)) sort(3,1,2) sort(a,1) choice(1,2) choice() choice(a,[b]) "
    "interval(0,1) glob(*) glob([*,a],exclude=b) glob(**) tag(x,choice(1,2)) tag(choice(1)) int(1.5) int(a) float(abc) "
    "str(range(0,3)) bool(2) json_str([1]) extend_list(1) extend_list([1]) cast(1) shuffle(1) sort(1) range(0,3),range(0,3) "
    "float(range(0,3)) int(choice(1.5,2)) range(start=0,stop=2) range(stop=2) range(0,99999999999999999999,9999999999999999999)"
)
RANGES = RANGES_IN_A_ROW.split()

text = st.text(max_size=20) | st.text(st.characters(categories=["Cc", "Cf", "Cn", "Co", "Mn", "Zs", "Sm"]), max_size=8)
digits = st.integers(1, 5000).map(lambda count: "9" * count)
long_lists = st.tuples(st.sampled_from("1a'[{,"), st.integers(1, 1500)).map(lambda part: f"[{','.join([part[0]] * part[1])}]")
depths = st.integers(1, 3000)
nested = st.tuples(st.sampled_from([("[", "]"), ("{a:", "}"), ("int(", ")"), ("${", "}"), ("'", "'")]), depths).map(
    lambda part: part[0][0] * part[1] + "1" + part[0][1] * part[1]
)
numbers = st.integers().map(str) | st.floats().map(repr)
values = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.sampled_from(RANGES),
    numbers,
    text,
    digits,
    long_lists,
    nested,
    st.lists(st.sampled_from([*WORDS, *RANGES[:4]]), min_size=2, max_size=4).map(",".join),
)
small_values = st.one_of(
    st.sampled_from([word for word in WORDS if word.strip("-0").isdigit() is False or len(word) < 3]),
    st.integers(-3, 20).map(str),
    st.sampled_from(["1,2", "range(1,3)", "1.5", "1e400", "nan", "[3]", "[3,2]", "[]", "[0]", "[-1]", "[1.5]", "[a]"]),
)
prefixes = st.sampled_from(["", "", "", "", "", "+", "++", "~"])
suffixes = st.sampled_from(["", "", "", "", "", "", ".", ".x", "@x", "@_global_", "[0]", ".0", "/x", " "])


@st.composite
def assignments(draw: st.DrawFn) -> str:
    """One `key=value`."""
    key = draw(st.sampled_from(KEYS) | st.sampled_from(KEYS) | st.sampled_from(KEYS) | text)
    if key in PARTS:
        value = draw(st.sampled_from(PARTS[key]) | st.lists(st.sampled_from(PARTS[key]), min_size=2, max_size=3).map(",".join))
        if draw(st.booleans()):  # no name of a data set or an executor that others have cases for
            value = draw(text.filter(lambda word: word.strip("'\" ").isidentifier() is False) | st.sampled_from(RANGES))
    else:
        value = draw(small_values if key in GROWING else values)
    prefix = draw(prefixes)
    if prefix == "~" and draw(st.booleans()):
        return f"~{key}"
    return f"{prefix}{key}{draw(suffixes)}={value}"


words = st.one_of(
    text,
    nested,
    st.sampled_from(
        ["", "-", "--", "=", "==", "~", "+", "~optimizer", "~lr", "~hydra", "a=b=c", "-m", "--multirun", "-x", "--"]
    ),
    st.sampled_from(["reprot", "REPORT", "ls ", "sweep", "help", "--help", "--version", "--hydra-help", "--info", "--cfg"]),
    st.sampled_from(["--info=x", "--cfg=job", "--cfg=all", "--resolve", "--package=x", "--config-name=x", "--config-path=.."]),
    st.sampled_from(["--config-dir=..", "--config-dir=nowhere", "--shell-completion", "-sc", "--run", "-r", "-p", "--package"]),
    st.sampled_from(
        ["--experimental-rerun=x", "--experimental-rerun", "-cn", "-cd", "-cp", "-h", "-c", "-c=job", "-cn=config"]
    ),
)

options = st.one_of(
    st.sampled_from(["--results", "--runs", "--formats", "--reference", "--help", "--results=.", "--runs=1", "--runs=-1"]),
    st.sampled_from(
        ["--formats=png,gif", "--formats=", "--formats=../../x", "--runs=1e9", "--runs=" + "9" * 1000, "--x", "-m"]
    ),
    st.sampled_from(["results", "nowhere", "../bystander", "/etc/passwd", "..", ".", "", "a b", "../../x", "x" * 300, "\0"]),
    text,
)


def sweep_command(flags: tuple[str, ...], given: list[str], others: list[str]) -> tuple[str, ...]:
    keys = {argument.partition("=")[0].lstrip("+~") for argument in given}
    return (*(argument for argument in TINY if argument.partition("=")[0] not in keys), *flags, *given, *others)


sweep_commands = st.builds(
    sweep_command,
    st.sampled_from([(), ("-m",), ("-m",)]),
    st.lists(assignments(), min_size=1, max_size=4),
    st.lists(words, max_size=1),
)
other_commands = st.tuples(st.sampled_from(["report", "verify", "ls"]), st.lists(options, max_size=3)).map(
    lambda parts: (parts[0], *parts[1])
)
stores = st.sampled_from(
    [
        "a",
        "a b",
        "ü",
        "a/b/c",
        "./a",
        "'a=b'",
        "'[a]'",
        "a\\,b",
        "~",
        "$HOME",
        "'a,b'",
        "-",
        "--",
        "a" * 200,
        "a" * 300,
        "'x[a]'",
        "'x[/a]'",
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return Case((draw(other_commands),))
    command = draw(sweep_commands)
    if kind > 1:
        return Case((command,))
    return Case(((*command, f"results_dir={draw(stores)}"), ("ls", "--results", "a")), store=".")
