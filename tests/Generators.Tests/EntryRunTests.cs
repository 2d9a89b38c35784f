using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>A hand-made plan with entries for several shapes, generated, compiled and run.</summary>
public class EntryRunTests
{
    private const string Driver = """
        using System;
        using Consumer;

        internal static class Driver
        {
            public static float[] One(float[] image)
            {
                var model = new TinyShapes();
                return model.Predict(image).ToArray();
            }

            public static float[] Into(float[] image, int length)
            {
                var model = new TinyShapes();
                var scores = new float[length];
                model.Predict(image: image, scores: scores);
                return scores;
            }

            public static float[] Portrait(float[] image)
            {
                var model = new TinyShapes();
                var scores = new float[3];
                model.PredictPortrait(image, scores);
                float[] again = model.PredictPortrait(image).ToArray();
                return again.AsSpan().SequenceEqual(scores) ? scores : throw new InvalidOperationException();
            }

            // The length of the property after each prediction, in turn on one instance.
            public static int[] Lengths(int[] inputs)
            {
                var model = new TinyShapes();
                model.WarmUp();
                int before = model.Scores.Length;
                int[] lengths = Array.ConvertAll(inputs, n => { model.Predict(new float[n]); return model.Scores.Length; });
                model.PredictPortrait(new float[4]);
                return new[] { before, lengths[0], lengths[1], lengths[2], model.Scores.Length };
            }

            public static float[] Batch(float[] images)
            {
                var model = new TinyShapes { Parallelism = 2 };
                model.Predict(new float[8]);
                var scores = new float[images.Length / 4 * 3];
                model.PredictBatch(images, scores);
                return scores;
            }

            public static void OwnOutput()
            {
                var model = new TinyShapes();
                model.Predict(new float[8]);
                model.Predict(model.Scores.Slice(0, 4));
            }

            public static int[] Facts() => new[]
            {
                TinyShapes.Info.InputLength, TinyShapes.Info.InputLength2, TinyShapes.Info.OutputLength2,
                TinyShapes.Info.PortraitInputLength,
                TinyShapes.Info.InputShape2[0], TinyShapes.Info.PortraitInputShape[0], TinyShapes.Info.ScratchBytes,
            };

            public static long AllocatedBy(int rounds)
            {
                var model = new TinyShapes();
                float[] one = new float[4], two = new float[8], three = new float[3], six = new float[6];
                model.WarmUp();
                // The runtime allocates for methods that are called for the first time, whoever ran before.
                Round();
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < rounds; i++)
                    Round();
                return GC.GetAllocatedBytesForCurrentThread() - before;

                void Round()
                {
                    model.Predict(one, three);
                    model.Predict(two, six);
                    model.PredictPortrait(one, three);
                }
            }
        }
        """;

    private static readonly float[] First = [1, 2, 3, 4];
    private static readonly float[] Second = [9, 8, 7, 5];

    private static readonly Lazy<LoadedProject> Loaded =
        new(() => HandMadeModels.Project([Shapes()], Driver).Generate().AssertBuilds().Load());

    [Fact]
    public void TheLengthOfTheInputChoosesTheEntry()
    {
        Assert.Equal(HandMadeModels.Expected(First), Floats("One", First));
        float[] both = [.. HandMadeModels.Expected(First), .. HandMadeModels.Expected(Second)];
        Assert.Equal(both, Floats("One", (float[])[.. First, .. Second]));
        Assert.Equal(both, Floats("Into", (float[])[.. First, .. Second], 6));
        Assert.Equal(HandMadeModels.Expected(Second), Floats("Into", Second, 3));
    }

    [Fact]
    public void ANamedEntryHasMethodsOfItsOwn() =>
        Assert.Equal(HandMadeModels.Expected(First).Select(y => 2 * y), Floats("Portrait", First));

    [Fact]
    public void OutputsHaveTheLengthOfTheLastPrediction() =>
        Assert.Equal([3, 3, 6, 3, 3], (int[])Loaded.Value.Call("Driver", "Lengths", [new[] { 4, 8, 4 }])!);

    [Fact]
    public void BatchesHaveSamplesOfTheMainShape()
    {
        float[] expected = [.. HandMadeModels.Expected(First), .. HandMadeModels.Expected(Second), .. HandMadeModels.Expected(First)];
        Assert.Equal(expected, Floats("Batch", (float[])[.. First, .. Second, .. First]));
    }

    [Fact]
    public void AnotherLengthIsAnErrorThatNamesAllShapes()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => Floats("One", new float[5]));
        Assert.Equal("image", e.ParamName);
        Assert.Contains(
            "'image' 4 values (shape 1×4); or 'image' 8 values (shape 2×4); but 'image' holds 5.", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Floats("Into", new float[8], 3));
        Assert.Contains("4 values", Assert.Throws<ArgumentException>(() => Floats("Portrait", new float[8])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnOutputIsNoInputOfTheSameInstance() =>
        Assert.Throws<ArgumentException>(() => Loaded.Value.Call("Driver", "OwnOutput"));

    [Fact]
    public void InfoListsTheShapesOfAllEntries() =>
        Assert.Equal([4, 8, 6, 4, 2, 4, 320], (int[])Loaded.Value.Call("Driver", "Facts")!);

    [Fact]
    public void PredictionsAllocateNothing() =>
        Assert.Equal(0L, Allocation.Least(() => (long)Loaded.Value.Call("Driver", "AllocatedBy", 100)!));

    [Fact]
    public void AClassifierHasOnePredictionForAllEntries()
    {
        const string Use = """
            internal static class Use
            {
                public static int[] Run(float[] image)
                {
                    var model = new Consumer.TinyClassifier();
                    return new[] { model.Predict(image).Index, model.PredictPortrait(image).Index };
                }
            }
            """;
        ModelPlan plan = HandMadeModels.Classifier();
        plan = plan with { Further = new([Portrait(plan)]) };
        using LoadedProject loaded = HandMadeModels.Project([plan], Use).Generate().AssertBuilds().Load();
        Assert.Equal([2, 2], (int[])loaded.Call("Use", "Run", [(float[])[0, 0, 30, 40]])!);
    }

    [Fact]
    public void AMainEntryWithANameHasNoPredict()
    {
        ModelPlan plan = HandMadeModels.Classifier() with { EntryName = "Landscape" };
        using LoadedProject loaded = HandMadeModels.Project([plan]).Generate().AssertBuilds().Load();
        string[] methods = [.. loaded.Assembly.GetType("Consumer.TinyClassifier")!.GetMethods().Select(m => m.Name)];
        Assert.Contains("PredictLandscape", methods);
        Assert.DoesNotContain("Predict", methods);
    }

    [Fact]
    public void AnInputMayHaveTheNameOfALocal()
    {
        ModelPlan plan = Shapes();
        PlanInput Renamed(PlanInput input) => input with { OnnxName = "entry", ParameterName = "entry" };
        plan = plan with
        {
            Inputs = new(plan.Inputs.Select(Renamed)),
            Further = new(plan.Further.Select(e => e with { Inputs = new(e.Inputs.Select(Renamed)) })),
        };
        HandMadeModels.Project([plan]).Generate().AssertBuilds();
    }

    [Fact]
    public void ADebuggerShowsTheValuesOfTheLastPrediction()
    {
        string code = HandMadeModels.Project([Shapes()]).Generate().Files["TinyShapes.Debug.g.cs"];
        Assert.Contains("public Value[] Values => this._model._entry switch", code, StringComparison.Ordinal);
        (HandMadeModels.Project([Shapes()]) with { Symbols = ["DEBUG", "NET8_0_OR_GREATER"] }).Generate().AssertBuilds();
    }

    [Fact]
    public void TheCodeIsAsItWas()
    {
        string code = HandMadeModels.Project([Shapes()]).Generate().Files["TinyShapes.g.cs"];
        Baseline.Compare("tests/Generators.Tests/Baselines/TinyShapes.g.cs.txt", System.Text.RegularExpressions.Regex.Replace(
            code, "\"OptimizerBuild\", \"[0-9.]+\"", "\"OptimizerBuild\", \"<VERSION>\""));
    }

    [Fact]
    public void ASignatureHasTheSameMembers()
    {
        ModelPlan plan = Shapes();
        ModelPlan signature = plan with
        {
            IsSignatureOnly = true,
            HasStartUp = false,
            Inputs = new(plan.Inputs.Select(i => i with { Binding = null })),
            Steps = EquatableList<PlanStep>.Empty,
            Further = new(plan.Further.Select(e => e with
            {
                Inputs = new(e.Inputs.Select(i => i with { Binding = null })),
                Steps = EquatableList<PlanStep>.Empty,
                ArenaBytes = 0,
            })),
        };
        using LoadedProject loaded = HandMadeModels.Project([signature], Driver).Generate().AssertBuilds().Load();
        Assert.Equal(
            PublicSurface.Of(Loaded.Value.Assembly, "Consumer.TinyShapes"), PublicSurface.Of(loaded.Assembly, "Consumer.TinyShapes"));
    }

    private static float[] Floats(string method, params object[] arguments) => (float[])Loaded.Value.Call("Driver", method, arguments)!;

    // The dense layer of the classifier, also for two rows at once, and under a name with twice the scale.
    private static ModelPlan Shapes()
    {
        ModelPlan main = HandMadeModels.Regressor() with { Model = "tiny-shapes", ClassName = "TinyShapes" };
        return main with { Further = new([Pair(main), Portrait(main)]) };
    }

    /// <summary>The dense layer of the classifier for two rows at once.</summary>
    internal static PlanEntry Pair(ModelPlan main) => new()
    {
        Name = "",
        Macs = 24,
        Inputs = new(main.Inputs.Select(i => i with { Dimensions = new([2, 4]), Binding = HandMadeModels.Quantise(output: 0, length: 8) })),
        Outputs = new(main.Outputs.Select(o => o with { Dimensions = new([2, 3]), Offset = 192 })),
        ArenaBytes = 320,
        Buffers = new(
        [
            new PlanBuffer("image", 0, 8, -1, 0, ""),
            new PlanBuffer("sums", 128, 24, 0, 1, ""),
            new PlanBuffer("scores", 192, 24, 1, 2, ""),
        ]),
        Values = new([new PlanValue("scores", BoundaryType.Float32, new([2, 3]), 192, new([12, 4]), null, 0)]),
        Steps = new([With(HandMadeModels.Dense("/fc/Gemm", 0, 128), ("rows", 2)), Dequantise(128, 192, 6, 0.5f)]),
        HasStartUp = true,
    };

    private static PlanEntry Portrait(ModelPlan main) => new()
    {
        Name = "Portrait",
        Macs = 12,
        Inputs = new(main.Inputs.Select(i => i with { Dimensions = new([4, 1]), Binding = HandMadeModels.Quantise(output: 64) })),
        Outputs = new(main.Outputs.Select(o => o with { Dimensions = new([3, 1]), Offset = 192 })),
        ArenaBytes = 256,
        Buffers = new(
        [
            new PlanBuffer("image", 64, 4, -1, 0, ""),
            new PlanBuffer("sums", 128, 12, 0, 1, ""),
            new PlanBuffer("scores", 192, 12, 1, 2, ""),
        ]),
        Steps = new([HandMadeModels.Dense("/fc/Gemm", 64, 128), Dequantise(128, 192, 3, 1f)]),
    };

    /// <summary>The scores of sums.</summary>
    internal static PlanCall Dequantise(int input, int output, int length, float scale)
    {
        PlanCall call = With(
            HandMadeModels.Dequantise(input, output), ("inputImageStride", 4 * length), ("inputRowStride", 4 * length),
            ("outputImageStride", 4 * length), ("outputRowStride", 4 * length), ("rowLength", length));
        return call with
        {
            Arguments = new(call.Arguments.Select(a =>
                a is PlanArgument.Real ? new PlanArgument.Real(a.Name, BitConverter.SingleToInt32Bits(scale)) : a)),
        };
    }

    private static PlanCall With(PlanCall call, params (string Name, int Value)[] arguments) => call with
    {
        Arguments = new(call.Arguments.Select(a => arguments.FirstOrDefault(x => x.Name == a.Name) is { Name: not null } found
            ? new PlanArgument.Integer(found.Name, found.Value) : a)),
    };
}
