using System.Diagnostics;
using System.Reflection;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>A hand-made plan that takes strings and gives some, generated, compiled and run.</summary>
public class StringRunTests
{
    private const string Driver = """
        using System;

        internal static class Driver
        {
            public static string[] Run(string?[] words)
            {
                var model = new Answers();
                string[] own = model.Predict(words!).ToArray();
                var taken = new string[2];
                model.Predict(words!, taken);
                return new[] { own[0], own[1], taken[0], taken[1], model.Answer[0], model.Answer[1] };
            }

            public static string[] Fresh() => new Answers().Answer.ToArray();

            public static string[] Batch(string[] words)
            {
                var model = new Answers { Parallelism = 2 };
                var answers = new string[words.Length];
                model.PredictBatch(words, answers);
                return answers;
            }

            public static void TooFew() => new Answers().Predict(new[] { "yes" });

            public static object Predicted(string[] words)
            {
                var model = new Answers();
                model.Predict(words);
                return model;
            }

            public static long AllocatedBy(int rounds)
            {
                var model = new Answers();
                string[] words = { "no", "Yes" };
                var answers = new string[2];
                model.WarmUp();
                model.Predict(words, answers);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < rounds; i++)
                    model.Predict(words, answers);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        """;

    private static readonly Lazy<LoadedProject> Loaded = new(() =>
        HandMadeModels.Project([Answers()], Driver).Generate().AssertBuilds().Load());

    [Fact]
    public void StringsAreLookedUpAndGivenBack()
    {
        Assert.Equal(["ja", "nein", "ja", "nein", "ja", "nein"], Texts("Run", "yes", "no"));
        // Ordinal: letter case and accents count; what the model does not hold, null among it, is the default.
        Assert.Equal(["?\n\"", "?\n\"", "?\n\"", "?\n\"", "?\n\"", "?\n\""],
            Texts("Run", "Yes", null));
        Assert.Equal(["", ""], (string[])Loaded.Value.Call("Driver", "Fresh")!);
    }

    [Fact]
    public void BatchesAreOfStrings() => Assert.Equal(
        ["ja", "nein", "?\n\"", "ja", "nein", "nein"],
        Texts("Batch", "yes", "no", "maybe", "yes", "no", "no"));

    [Fact]
    public void LengthsAreChecked() => Assert.StartsWith("'words' must hold 2 values",
        Assert.Throws<ArgumentException>(() => Loaded.Value.Call("Driver", "TooFew")).Message, StringComparison.Ordinal);

    [Fact]
    public void TheyAllocateNothing() => Assert.Equal(0L, Allocation.Least(() => (long)Loaded.Value.Call("Driver", "AllocatedBy", 100)!));

    [Fact]
    public void TheirCodeIsAsItWas() => Baseline.Compare(
        "tests/Generators.Tests/Baselines/Answers.g.cs.txt", HandMadeModels.Project([Answers()]).Generate().Files["Answers.g.cs"]);

    [Fact]
    public void DebuggersShowTheTexts()
    {
        ConsumerProject project = HandMadeModels.Project([Answers()], Driver);
        using LoadedProject loaded = (project with { Symbols = [.. project.Symbols, "DEBUG"] }).Generate().AssertBuilds().Load();
        object model = loaded.Call("Driver", "Predicted", (object)(string[])["no", "x"])!;
        string proxy = model.GetType().GetCustomAttribute<DebuggerTypeProxyAttribute>()!.ProxyTypeName;
        object view = Activator.CreateInstance(model.GetType().Assembly.GetType(proxy.Split(',')[0])!, model)!;
        object value = ((Array)view.GetType().GetProperty("Values")!.GetValue(view)!).GetValue(0)!;
        Assert.Equal(["no", null], (string?[])value.GetType().GetProperty("Texts")!.GetValue(value)!);
    }

    [Fact]
    public void ModelsWithoutStringsHaveNoneOfIt()
    {
        GeneratedProject project = HandMadeModels.Project().Generate();
        Assert.All(project.Files.Values, code => Assert.DoesNotContain("StringTable", code, StringComparison.Ordinal));
        Assert.All(project.Files.Values, code => Assert.DoesNotContain("StringPool(", code, StringComparison.Ordinal));
    }

    [Fact]
    public void ADesignTimePlanHasTheSameMembers()
    {
        ModelPlan plan = Answers();
        plan = plan with
        {
            IsSignatureOnly = true,
            Strings = EquatableList<string>.Empty,
            Inputs = new(plan.Inputs.Select(i => i with { Binding = null })),
            Values = EquatableList<PlanValue>.Empty,
            Steps = EquatableList<PlanStep>.Empty,
        };
        HandMadeModels.Project([plan], Driver).Generate().AssertBuilds();
    }

    private static string[] Texts(string method, params string?[] words) => (string[])Loaded.Value.Call("Driver", method, (object)words)!;

    // "no" and "yes" become "nein" and "ja", by comparisons.
    private static ModelPlan Answers() => HandMadeModels.Regressor() with
    {
        Model = "answers",
        ClassName = "Answers",
        Namespace = "",
        Strings = new(["", "?\n\"", "ja", "nein", "no", "yes"]),
        Inputs = new([new PlanInput("words", "words", BoundaryType.String, new([2]), HandMadeModels.Texts("words", 0, 2))]),
        Outputs = new([new PlanOutput("answer", "Answer", "answer", BoundaryType.String, new([2]), 128)]),
        ArenaBytes = 192,
        Buffers = EquatableList<PlanBuffer>.Empty,
        Values = new([new PlanValue("words", BoundaryType.String, new([2]), 0, new([4]), null, 0)]),
        Steps = new(
        [
            HandMadeModels.Step("Fill", "Run", "/default", "?", 0, ("destination", 128), ("elementSize", 4), ("bits", 1L),
                ("dims", new[] { 2 }), ("strides", new[] { 4 })),
            .. Replace(4, 3, 64), .. Replace(5, 2, 64),
        ]),
    };

    // Where the word's code is one, the answer's is another.
    private static PlanCall[] Replace(int word, int answer, int scratch) =>
    [
        HandMadeModels.Step("Fill", "Run", "/word", "code", 0, ("destination", scratch), ("elementSize", 4), ("bits", (long)word),
            ("dims", Array.Empty<int>()), ("strides", Array.Empty<int>())),
        HandMadeModels.Step("Compare", "Equal", "/equal", "Equal", 0, ("a", 0), ("b", scratch), ("output", scratch + 16),
            ("elementType", 6), ("dims", new[] { 2 }), ("aStrides", new[] { 1 }), ("bStrides", new[] { 0 })),
        HandMadeModels.Step("Fill", "Run", "/answer", "code", 0, ("destination", scratch), ("elementSize", 4), ("bits", (long)answer),
            ("dims", Array.Empty<int>()), ("strides", Array.Empty<int>())),
        HandMadeModels.Step("Where", "Run", "/where", "Where", 0, ("condition", scratch + 16), ("a", scratch), ("b", 128),
            ("output", 128), ("elementSize", 4), ("dims", new[] { 2 }), ("conditionStrides", new[] { 1 }), ("aStrides", new[] { 0 }),
            ("bStrides", new[] { 1 })),
    ];
}
