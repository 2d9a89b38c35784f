using System.Collections.Immutable;
using FsCheck;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests.Plan;

/// <summary>Plans with random content in every field: valid ones, but with names and texts as nasty as the format allows.</summary>
internal sealed class RandomPlans(Random random)
{
    private static readonly string[] NastyTexts =
    [
        "", " ", "a b", "\"", "\\", "\\n", "\n", "\r\n", "\t", "#", " # x", "\u2028", "\u0085", "\uFEFF", "\uD800", "\uDC00x", "🦊", "É–é",
        "name=\"x\"", ")", "*/", "</summary>", "&", "\0", "end", "{0}", "$(x)", "';",
    ];

    private readonly Random _random = random;

    /// <summary>The numbers from which a plan is drawn.</summary>
    public static Arbitrary<ImmutableArray<int>> Numbers { get; } = DrawnRandom.Numbers(600);

    /// <summary>A plan from drawn numbers.</summary>
    public static ModelPlan Create(ImmutableArray<int> numbers) => Create(new DrawnRandom(numbers));

    /// <summary>A plan of its own for each seed.</summary>
    public static ModelPlan Create(int seed) => Create(new Random(seed));

    /// <summary>A plan from a source of random numbers.</summary>
    public static ModelPlan Create(Random random) => new RandomPlans(random).Plan();

    private bool _hasStrings;

    private ModelPlan Plan()
    {
        _hasStrings = _random.Next(2) == 0;
        List<PlanInput> inputs = List(0, 3, i =>
            new PlanInput(Text(), "input" + i, Type(), Dimensions(), _random.Next(3) == 0 ? null : Step()));
        List<PlanOutput> outputs = List(1, 3, i =>
            new PlanOutput(Text(), "Output" + i, "output" + i, Type(), Dimensions(), _random.Next(1000)));
        int scores = _random.Next(outputs.Count);
        bool labelled = _random.Next(2) == 0;
        int classes = outputs[scores].Length;
        bool classifies = classes > 0 && outputs[scores].Type.IsNumeric() && _random.Next(3) > 0;
        List<PlanState> states = List(0, 2, i => new PlanState(Text(), Text(), "Value" + i, NumericType(), Dimensions(), _random.Next(1000),
            null, _random.Next(3) == 0 ? null : Step()));
        bool isCoded = _random.Next(3) == 0;
        var plan = new ModelPlan
        {
            Model = Text(),
            ClassName = Pick("Digits", "É1", "class", "数字", "_x"),
            Namespace = Pick("", "App", "My.App", "System", "a.b.c"),
            IsPublic = _random.Next(2) == 0,
            IsSignatureOnly = _random.Next(2) == 0,
            Facts = new(Text(), Text(), Text(), Number(), Number(), Text(), Real(), Real(), _random.Next()),
            Inputs = new(inputs),
            Outputs = new(outputs),
            UsesThreads = _random.Next(2) == 0,
            HasStartUp = _random.Next(2) == 0,
            Strings = _hasStrings ? new(List(1, 6, i => i + Text())) : EquatableList<string>.Empty,
            KeepsStrings = _hasStrings && _random.Next(2) == 0,
            States = new(states),
            Classifier = !classifies ? null : new(scores, classes, _random.Next(2) == 0,
                labelled ? new(Enumerable.Range(0, classes).Select(_ => Text())) : EquatableList<string>.Empty,
                labelled ? new(Enumerable.Range(0, classes).Select(c => "Label" + c)) : EquatableList<string>.Empty),
            Weights = new(Text(), 2000 + _random.Next(1_000_000_000), unchecked((ulong)_random.NextInt64(long.MinValue, long.MaxValue)))
            {
                Layers = new(List(0, 3, _ => new PlanLayerWeights(Text(), "s" + Text(), _random.Next(1000), _random.Next(1000)))),
                ExpandedBytes = isCoded ? 2000 + _random.Next(1000) : null,
                Expansion = !isCoded ? EquatableList<PlanCall>.Empty : new(List(1, 3, _ => new PlanCall("RansCode", "Decode", "", Text(), 0,
                    new([new PlanArgument.Integers("sections", new(List(0, 12, _ => _random.Next())))])))),
            },
            ArenaBytes = 100_000 + _random.Next(1_000_000),
            Buffers = Buffers(),
            Values = Values(),
            Steps = new(List(0, 6, _ => AnyStep(0))),
            EntryName = Pick("", "", "Landscape"),
        };
        plan = plan with { Further = Further(plan) };
        return plan with { Batch = Batch(plan) };
    }

    // The main entry for several samples, where the plan can have that.
    private PlanEntry? Batch(ModelPlan plan)
    {
        if (plan.IsSignatureOnly || plan.Further.Count > 0 || !plan.TakesBatches
            || plan.Inputs.Select(i => i.Type).Concat(plan.Outputs.Select(o => o.Type)).Contains(BoundaryType.String))
            return null;
        int samples = _random.Next(2, 20);
        return new()
        {
            Name = "",
            Macs = Number(),
            Inputs = new(plan.Inputs.Select(i => i with
            {
                Dimensions = new([samples, .. i.Dimensions]), Binding = _random.Next(3) == 0 ? null : Step(),
            })),
            Outputs = new(plan.Outputs.Select(o => o with { Dimensions = new([samples, .. o.Dimensions]), Offset = _random.Next(1000) })),
            ArenaBytes = 1_100_000 + _random.Next(1_000_000),
            HasStartUp = _random.Next(2) == 0,
            Buffers = Buffers(),
            Values = Values(),
            Steps = new(List(0, 3, _ => AnyStep(2))),
        };
    }

    // Entries like the main one but for dimensions, places and steps; those without a name differ in the lengths of their inputs.
    private EquatableList<PlanEntry> Further(ModelPlan plan)
    {
        var entries = new List<PlanEntry>();
        foreach (string name in List(0, 3, i => Pick("", "Portrait" + i)))
        {
            var entry = new PlanEntry
            {
                Name = name,
                Macs = Number(),
                Inputs = new(plan.Inputs.Select(i => i with { Dimensions = Dimensions(), Binding = _random.Next(3) == 0 ? null : Step() })),
                Outputs = new(plan.Outputs.Select((o, i) => o with
                {
                    Dimensions = plan.Classifier?.Output == i ? new(o.Dimensions.Reverse()) : Dimensions(),
                    Offset = _random.Next(1000),
                })),
                States = new(plan.States.Select(s =>
                    s with { Offset = _random.Next(1000), Binding = _random.Next(3) == 0 ? null : Step() })),
                ArenaBytes = 100_000 + _random.Next(1_000_000),
                UsesThreads = _random.Next(2) == 0,
                HasStartUp = _random.Next(2) == 0,
                Buffers = Buffers(),
                Values = Values(),
                Steps = new(List(0, 3, _ => AnyStep(2))),
            };
            if (name.Length > 0 || entries.Prepend(plan.Main).All(e => e.Name.Length > 0 || !e.LooksLike(entry)))
                entries.Add(entry);
        }
        return new(entries);
    }

    private EquatableList<PlanBuffer> Buffers() => new(List(0, 4, _ =>
        new PlanBuffer(Text(), _random.Next(), _random.Next(), _random.Next(-1, 5), _random.Next(5), Text())));

    private EquatableList<PlanValue> Values() => new(List(0, 3, _ =>
    {
        EquatableList<int> dimensions = Dimensions();
        return new PlanValue(Text(), Type(), dimensions, _random.Next(), new(dimensions.Select(_ => _random.Next(-9, 9))),
            _random.Next(2) == 0 ? null : _random.Next(), _random.Next(-9, 9));
    }));

    private PlanStep AnyStep(int depth) => depth > 3 || _random.Next(4) > 0 ? Step() : _random.Next(2) == 0
        ? new PlanIf(Text(), Text(), _random.Next(1000), Body(depth), Body(depth))
        : new PlanLoop(Text(), Text(), Maybe(_random.NextInt64()), (int?)Maybe(_random.Next(1000)), (int?)Maybe(_random.Next(1000)),
            (int?)Maybe(_random.Next(1000)), Body(depth));

    private EquatableList<PlanStep> Body(int depth) => new(List(0, 3, _ => AnyStep(depth + 1)));

    private long? Maybe(long value) => _random.Next(2) == 0 ? value : null;

    private PlanCall Step() => new(
        Pick("Int8Dense", "K_1"), Pick("Run", "_"), Text(), Text(), Number(), new(List(0, 5, Argument)));

    private PlanArgument Argument(int i) => _random.Next(_hasStrings ? 4 : 3) switch
    {
        3 => new PlanArgument.Strings("a" + i),
        0 => new PlanArgument.Integer("a" + i, _random.NextInt64(long.MinValue, long.MaxValue) >> _random.Next(64))
        {
            Buffer = _random.Next(2) == 0 ? "" : "b" + Text(),
        },
        1 => new PlanArgument.Real("a" + i, _random.Next(4) switch
        {
            0 => BitConverter.SingleToInt32Bits(
                Pick(0f, -0f, float.NaN, float.PositiveInfinity, float.MinValue, float.Epsilon, 0.1f, 1f / 255)),
            1 => BitConverter.SingleToInt32Bits(_random.NextSingle()),
            _ => _random.Next(int.MinValue, int.MaxValue),
        }),
        _ => new PlanArgument.Integers("a" + i, new(List(0, 4, _ => _random.Next(int.MinValue, int.MaxValue)))),
    };

    private string Text() => string.Concat(List(0, 3, _ => Pick(NastyTexts)));

    private long Number() => _random.NextInt64() >> _random.Next(63);

    private double? Real() => _random.Next(4) switch
    {
        0 => null,
        1 => _random.NextDouble(),
        _ => BitConverter.Int64BitsToDouble(_random.NextInt64(long.MinValue, long.MaxValue)),
    };

    private BoundaryType Type() => _hasStrings && _random.Next(4) == 0 ? BoundaryType.String : NumericType();

    private BoundaryType NumericType() => Pick([.. BoundaryTypes.All.Where(t => t != BoundaryType.String)]);

    private EquatableList<int> Dimensions() => new(List(0, 4, _ => _random.Next(0, 6)));

    private List<T> List<T>(int minimum, int maximum, Func<int, T> item) =>
        [.. Enumerable.Range(0, _random.Next(minimum, maximum + 1)).Select(item)];

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}
