using System.Reflection;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>Generated predictors, compiled and run.</summary>
public class PredictorRunTests
{
    private const string Driver = """
        using System;
        using System.Threading.Tasks;

        namespace Consumer
        {
            internal static class Driver
            {
                public static object[] Classify(float[] pixels)
                {
                    var model = new TinyClassifier();
                    TinyClassifier.Prediction p = model.Predict(pixels);
                    float[] buffer = new float[TinyClassifier.Info.OutputLength];
                    model.Predict(image: pixels, scores: buffer);
                    return new object[] { p.Label.ToString(), p.Index, p.Confidence, model.Scores.ToArray(), buffer };
                }

                public static float[] Batch(float[] pixels, int threads) => BatchOf(new TinyClassifier(), pixels, threads);

                public static float[] BatchOf(object instance, float[] pixels, int threads)
                {
                    var model = (TinyClassifier)instance;
                    model.Parallelism = threads;
                    float[] scores = new float[pixels.Length / TinyClassifier.Info.InputLength * TinyClassifier.Info.OutputLength];
                    model.PredictBatch(pixels, scores);
                    return scores;
                }

                public static void BatchInto(float[] pixels, float[] scores) => new TinyClassifier().PredictBatch(pixels, scores);

                public static object Create() => new TinyClassifier();

                public static void Predict(object model, float[] pixels) => ((TinyClassifier)model).Predict(pixels);

                public static void PredictInto(object model, float[] pixels, float[] scores) =>
                    ((TinyClassifier)model).Predict(pixels, scores);

                public static void PredictInPlace(float[] memory)
                {
                    new TinyClassifier().Predict(memory.AsSpan(0, 4), memory.AsSpan(0, 3));
                }

                public static bool TwoThreadsAgree(int rounds)
                {
                    bool[] right = new bool[2];
                    Parallel.For(0, 2, t =>
                    {
                        var model = new TinyClassifier();
                        float[] x = { t, t, t, t };
                        bool all = true;
                        for (int i = 0; i < rounds; i++)
                        {
                            model.Predict(x);
                            all &= model.Scores[0] == 0.5f * (10 + t) && model.Scores[2] == 2f * t;
                        }
                        right[t] = all;
                    });
                    return right[0] && right[1];
                }

                public static object?[] WarmedUp(float[] pixels)
                {
                    var early = new TinyClassifier();
                    var model = new TinyClassifier();
                    model.WarmUp();
                    model.Predict(pixels);
                    early.Predict(pixels);
                    return new object?[] { early, model, new TinyClassifier(), early.Scores.ToArray(), model.Scores.ToArray() };
                }

                public static void WarmUp(object model) => ((TinyClassifier)model).WarmUp();

                public static int Hash() => new TinyClassifier.Prediction(TinyClassifier.Label.Trouser, int.MaxValue, 1e30f).GetHashCode();

                public static long AllocatedBy(int rounds)
                {
                    var model = new TinyClassifier();
                    ReadOnlySpan<float> pixels = stackalloc float[4];
                    Span<float> scores = stackalloc float[3];
                    model.Predict(pixels, scores);

                    // Everything once: where an assembly can be unloaded, the runtime itself allocates when it prepares methods.
                    int sum = model.Predict(pixels).Index + TinyClassifier.Info.InputShape[1] + TinyClassifier.Info.Labels.Length;
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    for (int i = 0; i < rounds; i++)
                    {
                        model.Predict(image: pixels, scores: scores);
                        sum += model.Predict(pixels).Index + TinyClassifier.Info.InputShape[1] + TinyClassifier.Info.Labels.Length;
                    }
                    return GC.GetAllocatedBytesForCurrentThread() - before;
                }
            }
        }
        """;

    private static readonly float[] Pixels = [1, 2, 3, 4];

    private static readonly Lazy<byte[]> ClassifierImage = new(() => HandMadeModels.Project(Driver).Generate().AssertBuilds().Emit());

    [Theory]
    [InlineData(1f, 2f, 3f, 4f)]
    [InlineData(255f, 0f, 0f, 255f)]
    [InlineData(0f, 0f, 0f, 0f)]
    [InlineData(0f, 200f, 0f, 0f)]
    public void AClassifierGivesScoresAndAPrediction(params float[] pixels)
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        var result = (object[])loaded.Call("Consumer.Driver", "Classify", pixels)!;
        float[] scores = HandMadeModels.Expected(pixels);
        int index = Array.IndexOf(scores, scores.Max());
        Assert.Equal(scores, (float[])result[3]);
        Assert.Equal(scores, (float[])result[4]);
        Assert.Equal(index, (int)result[1]);
        Assert.Equal(new[] { "TShirtTop", "Trouser", "Class" }[index], (string)result[0]);
        Assert.Equal(1 / scores.Sum(s => Math.Exp(s - scores[index])), (float)result[2], 1e-6);
    }

    [Fact]
    public void ScoresThatAreProbabilitiesAreTheConfidence()
    {
        ModelPlan plan = HandMadeModels.Classifier();
        plan = plan with { Classifier = plan.Classifier! with { ScoresAreProbabilities = true } };
        using LoadedProject loaded = HandMadeModels.Project([plan], Driver).Generate().AssertBuilds().Load();
        var result = (object[])loaded.Call("Consumer.Driver", "Classify", Pixels)!;
        Assert.Equal(HandMadeModels.Expected(Pixels).Max(), result[2]);
    }

    [Fact]
    public void WrongLengthsAreRefusedAndTheInstanceStaysUsable()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        object model = loaded.Call("Consumer.Driver", "Create")!;

        var input = Assert.Throws<ArgumentException>(() => loaded.Call("Consumer.Driver", "Predict", model, new float[5]));
        Assert.Equal("image", input.ParamName);
        Assert.StartsWith("'image' must hold 4 values (shape 1×4), but it holds 5.", input.Message, StringComparison.Ordinal);

        var output = Assert.Throws<ArgumentException>(() => loaded.Call("Consumer.Driver", "PredictInto", model, Pixels, new float[4]));
        Assert.Equal("scores", output.ParamName);
        Assert.StartsWith("'scores' must hold 3 values (shape 1×3), but it holds 4.", output.Message, StringComparison.Ordinal);

        var scores = new float[3];
        loaded.Call("Consumer.Driver", "PredictInto", model, Pixels, scores);
        Assert.Equal(HandMadeModels.Expected(Pixels), scores);
    }

    [Fact]
    public void AnInstanceThatIsPredictingCannotBeEnteredAgain()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        object model = loaded.Call("Consumer.Driver", "Create")!;
        FieldInfo entered = model.GetType().GetField("_entered", BindingFlags.NonPublic | BindingFlags.Instance)!;
        loaded.Call("Consumer.Driver", "Predict", model, Pixels);
        Assert.Equal(0, entered.GetValue(model));

        // As another thread in the middle of a prediction would have left it.
        entered.SetValue(model, 1);
        var e = Assert.Throws<InvalidOperationException>(() => loaded.Call("Consumer.Driver", "Predict", model, Pixels));
        Assert.Contains("one instance for each thread", e.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => loaded.Call("Consumer.Driver", "PredictInto", model, Pixels, new float[3]));
        Assert.Equal(1, entered.GetValue(model));
    }

    [Fact]
    public void AnExceptionInAKernelLeavesTheInstanceUsable()
    {
        // The copy's count is greater than the input: the kernel throws while the instance is entered.
        ModelPlan plan = HandMadeModels.Classifier();
        PlanCall binding = HandMadeModels.Step("InputCopy", "Run", "", "copy", 0, ("destination", 0), ("count", 100));
        plan = plan with { Inputs = new([plan.Inputs[0] with { Binding = binding }]) };
        using LoadedProject loaded = HandMadeModels.Project([plan], Driver).Generate().AssertBuilds().Load();
        object model = loaded.Call("Consumer.Driver", "Create")!;
        for (int i = 0; i < 2; i++)
            Assert.Throws<ArgumentOutOfRangeException>(() => loaded.Call("Consumer.Driver", "Predict", model, Pixels));
    }

    [Fact]
    public void TwoInstancesRunOnTwoThreads()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        Assert.Equal(true, loaded.Call("Consumer.Driver", "TwoThreadsAgree", 2000));
    }

    [Fact]
    public void PredictionsRunInSmallCodeUntilTheFastOneIsThere()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        object model = loaded.Call("Consumer.Driver", "Create")!;
        float[] expected = HandMadeModels.Expected(Pixels);
        var scores = new float[3];
        Assert.True(IsStarting(model));
        loaded.Call("Consumer.Driver", "PredictInto", model, Pixels, scores);
        Assert.Equal(expected, scores);
        Assert.True(IsStarting(model));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                loaded.Call("Consumer.Driver", "PredictInto", model, Pixels, scores);
                Assert.Equal(expected, scores);
                return !IsStarting(model);
            },
            TimeSpan.FromMinutes(1)));
        Assert.False(IsStarting(loaded.Call("Consumer.Driver", "Create")!));
    }

    [Fact]
    public void WarmingUpEndsTheStartOfAllInstances()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        var result = (object[])loaded.Call("Consumer.Driver", "WarmedUp", Pixels)!;
        Assert.All(result[..3], model => Assert.False(IsStarting(model)));
        Assert.All(result[3..], scores => Assert.Equal(HandMadeModels.Expected(Pixels), (float[])scores));
    }

    [Fact]
    public void AnInstanceThatIsPredictingCannotBeWarmedUp()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        object model = loaded.Call("Consumer.Driver", "Create")!;
        model.GetType().GetField("_entered", BindingFlags.NonPublic | BindingFlags.Instance)!.SetValue(model, 1);
        Assert.Throws<InvalidOperationException>(() => loaded.Call("Consumer.Driver", "WarmUp", model));
    }

    private static bool IsStarting(object model)
    {
        object workspace = model.GetType().GetField("_workspace", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(model)!;
        return (bool)workspace.GetType().GetProperty("IsStarting")!.GetValue(workspace)!;
    }

    [Fact]
    public void InputAndOutputBuffersMayShareMemory()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        float[] memory = [.. Pixels];
        loaded.Call("Consumer.Driver", "PredictInPlace", memory);
        Assert.Equal([.. HandMadeModels.Expected(Pixels), 4f], memory);
    }

    [Fact]
    public void PredictionsAllocateNothing()
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        Assert.Equal(0L, Allocation.Least(() => (long)loaded.Call("Consumer.Driver", "AllocatedBy", 100)!));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(7, 1)]
    [InlineData(7, 2)]
    [InlineData(7, 64)]
    public void BatchesGiveWhatSinglePredictionsGive(int samples, int threads)
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        float[] pixels = [.. Enumerable.Range(0, 4 * samples).Select(i => (float)(i % 5))];
        float[] expected = [.. Enumerable.Range(0, samples).SelectMany(s => HandMadeModels.Expected(pixels[(4 * s)..((4 * s) + 4)]))];
        Assert.Equal(expected, (float[])loaded.Call("Consumer.Driver", "Batch", pixels, threads)!);
    }

    /// <summary>
    /// As after an exception out of the constructor of one of the instances that a batch needs: it is made the next time.
    /// </summary>
    [Fact]
    public void BatchesMakeInstancesThatAreMissing()
    {
        Machine.RequireProcessors();
        using LoadedProject loaded = new(ClassifierImage.Value);
        object model = loaded.Call("Consumer.Driver", "Create")!;
        FieldInfo others = model.GetType().GetField("_others", BindingFlags.NonPublic | BindingFlags.Instance)!;
        others.SetValue(model, Array.CreateInstance(model.GetType(), 1));
        float[] expected = [.. HandMadeModels.Expected(Pixels), .. HandMadeModels.Expected(Pixels)];
        Assert.Equal(expected, (float[])loaded.Call("Consumer.Driver", "BatchOf", model, (float[])[.. Pixels, .. Pixels], 2)!);
        Assert.NotNull(((Array)others.GetValue(model)!).GetValue(0));
    }

    [Theory]
    [InlineData(7, 3, "pixels")]
    [InlineData(8, 5, "scores")]
    public void BatchesOfAnotherLengthAreRefused(int pixels, int scores, string which)
    {
        using LoadedProject loaded = new(ClassifierImage.Value);
        Exception thrown = Record.Exception(() => loaded.Call("Consumer.Driver", "BatchInto", new float[pixels], new float[scores]))!;
        ArgumentException inner = Assert.IsType<ArgumentException>(thrown is TargetInvocationException t ? t.InnerException : thrown);
        Assert.Equal(which == "pixels" ? "image" : "scores", inner.ParamName);
    }

    [Fact]
    public void OverflowChecksOfTheUserChangeNothing()
    {
        using LoadedProject loaded = (HandMadeModels.Project(Driver) with { CheckOverflow = true }).Generate().AssertBuilds().Load();
        var result = (object[])loaded.Call("Consumer.Driver", "Classify", Pixels)!;
        Assert.Equal(HandMadeModels.Expected(Pixels), (float[])result[3]);
        Assert.IsType<int>(loaded.Call("Consumer.Driver", "Hash"));
    }

    public static TheoryData<string> DamagedWeights() => ["missing", "short", "long", "flipped"];

    [Theory]
    [MemberData(nameof(DamagedWeights))]
    public void DamagedWeightsAreReportedByEveryConstructor(string damage)
    {
        byte[] weights = HandMadeModels.Weights();
        switch (damage)
        {
            case "short":
                weights = weights[..^1];
                break;
            case "long":
                weights = [.. weights, 0];
                break;
            case "flipped":
                weights[17] ^= 4;
                break;
        }
        ConsumerProject project = HandMadeModels.Project(Driver);
        project = project with
        {
            Resources = damage == "missing" ? [] : new Dictionary<string, byte[]> { [HandMadeModels.ResourceName] = weights },
        };
        using LoadedProject loaded = project.Generate().Load();
        for (int i = 0; i < 2; i++)
        {
            var e = Assert.Throws<InvalidDataException>(() => loaded.Call("Consumer.Driver", "Create"));
            Assert.Contains("tiny-classifier", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AModelThatIsNoClassifierReturnsItsOutput()
    {
        const string Source = """
            namespace Consumer
            {
                internal static class Driver
                {
                    public static object[] Run(float[] x)
                    {
                        var model = new TinyRegressor();
                        float[] returned = model.Predict(x).ToArray();
                        float[] buffer = new float[3];
                        model.Predict(image: x, scores: buffer);
                        return new object[] { returned, model.Scores.ToArray(), buffer };
                    }

                    public static void FeedBack()
                    {
                        var model = new TinyRegressor();
                        model.Predict(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(
                            ref System.Runtime.InteropServices.MemoryMarshal.GetReference(model.Scores), 4));
                    }
                }
            }
            """;
        using LoadedProject loaded = HandMadeModels.Project([HandMadeModels.Regressor()], Source).Generate().AssertBuilds().Load();
        foreach (object result in (object[])loaded.Call("Consumer.Driver", "Run", Pixels)!)
            Assert.Equal(HandMadeModels.Expected(Pixels), (float[])result);

        var e = Assert.Throws<ArgumentException>(() => loaded.Call("Consumer.Driver", "FeedBack"));
        Assert.StartsWith("'image' is an output of the same instance: copy it first.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralInputsAndOutputsOfEveryTypeHaveNames()
    {
        (BoundaryType Type, string Values)[] types =
        [
            (BoundaryType.Float32, "1.5f, -0f"), (BoundaryType.Float64, "1e300, -2"),
            (BoundaryType.UInt8, "255, 1"), (BoundaryType.Int8, "-128, 1"),
            (BoundaryType.Int16, "-32768, 1"), (BoundaryType.UInt16, "65535, 1"), (BoundaryType.Int32, "int.MinValue, 1"),
            (BoundaryType.UInt32, "uint.MaxValue, 1"), (BoundaryType.Int64, "long.MinValue, 1"), (BoundaryType.UInt64, "ulong.MaxValue, 1"),
            (BoundaryType.Bool, "true, false"), (BoundaryType.Float16, "(System.Half)1.5f, System.Half.MaxValue"),
            (BoundaryType.BFloat16, "0x3F80, 0xFFFF"), (BoundaryType.Float8E4M3FN, "0x38, 0xFE"),
            (BoundaryType.Float8E4M3FNUZ, "0x40, 0x80"), (BoundaryType.Float8E5M2, "0x3C, 0xFC"),
            (BoundaryType.Float8E5M2FNUZ, "0x40, 0x80"), (BoundaryType.Float8E8M0, "127, 255"), (BoundaryType.Float4E2M1, "15, 2"),
            (BoundaryType.UInt4, "15, 0"), (BoundaryType.Int4, "-8, 7"), (BoundaryType.UInt2, "3, 0"), (BoundaryType.Int2, "-2, 1"),
            (BoundaryType.String, "\"b\", \"a\""),
        ];
        Assert.Equal(BoundaryTypes.All.Order(), types.Select(t => t.Type).Order());
        string create = string.Join(", ", types.Select(t => $"in{t.Type}: new {t.Type.Keyword()}[] {{ {t.Values} }}"));
        string buffers = string.Join("\n", types.Select(t => $"var b{t.Type} = new {t.Type.Keyword()}[Wide.Info.Out{t.Type}Length];"));
        string takeBuffers = string.Join(", ", types.Reverse().Select(t => $"out{t.Type}: b{t.Type}"));
        string inputs = string.Join("\n", types.Select(t => $"var a{t.Type} = new {t.Type.Keyword()}[] {{ {t.Values} }};"));
        string passInputs = string.Join(", ", types.Select(t => $"in{t.Type}: a{t.Type}"));
        string checks = string.Join(" && ", types.Select(t =>
            $"System.MemoryExtensions.SequenceEqual(model.Out{t.Type}, new {t.Type.Keyword()}[] {{ {t.Values} }})"
            + $" && System.MemoryExtensions.SequenceEqual(model.Out{t.Type}, b{t.Type})"
            + $" && Wide.Info.In{t.Type}Shape.Length == 2"));
        string source = $$"""
            internal static class Driver
            {
                public static bool Run()
                {
                    var model = new Wide();
                    {{buffers}}
                    model.Predict({{create}});
                    model.Predict({{create}}, {{takeBuffers}});
                    return {{checks}};
                }

                // The lists among the arguments of kernels are no arrays.
                public static long Allocated()
                {
                    var model = new Wide();
                    {{inputs}}
                    {{buffers}}
                    model.Predict({{passInputs}}, {{takeBuffers}});
                    long before = System.GC.GetAllocatedBytesForCurrentThread();
                    model.Predict({{passInputs}}, {{takeBuffers}});
                    return System.GC.GetAllocatedBytesForCurrentThread() - before;
                }
            }
            """;
        ModelPlan plan = HandMadeModels.Regressor() with
        {
            Model = "wide",
            ClassName = "Wide",
            Namespace = "",
            Strings = new(["", "a", "b"]),
            Inputs = new(types.Select((t, i) => new PlanInput("in/" + t.Type, "in" + t.Type, t.Type, new([2, 1]),
                t.Type == BoundaryType.String ? HandMadeModels.Texts("in", 64 * i, 2)
                    : HandMadeModels.Step("InputCopy", "Run", "in", "copy", 0, ("destination", 64 * i), ("count", 2))))),
            Outputs = new(types.Select((t, i) =>
                new PlanOutput("out/" + t.Type, "Out" + t.Type, "out" + t.Type, t.Type, new([2]), 2048 + (64 * i)))),
            Steps = new(types.Select((t, i) => HandMadeModels.Step("StridedCopy", "Run", "copy" + i, "Identity", 0,
                ("source", 64 * i), ("destination", 2048 + (64 * i)), ("elementSize", t.Type.Size()),
                ("dims", new[] { 2 }), ("sourceStrides", new[] { t.Type.Size() }), ("destinationStrides", new[] { t.Type.Size() })))),
            ArenaBytes = 4096,
        };
        using LoadedProject loaded = HandMadeModels.Project([plan], source).Generate().AssertBuilds().Load();
        Assert.Equal(true, loaded.Call("Driver", "Run"));
        Assert.Equal(0L, Allocation.Least(() => (long)loaded.Call("Driver", "Allocated")!));
    }

    [Fact]
    public void AnInputThatNothingReadsIsStillAParameter()
    {
        ModelPlan plan = HandMadeModels.Regressor();
        var unused = new PlanInput("unused", "unused", BoundaryType.Int64, EquatableList<int>.Empty, null);
        plan = plan with { Inputs = new([.. plan.Inputs, unused]) };
        const string Source = """
            internal static class Driver
            {
                public static float[] Run(float[] x) => new Consumer.TinyRegressor().Predict(x, unused: new long[] { 1 }).ToArray();
            }
            """;
        using LoadedProject loaded = HandMadeModels.Project([plan], Source).Generate().AssertBuilds().Load();
        Assert.Equal(HandMadeModels.Expected(Pixels), (float[])loaded.Call("Driver", "Run", Pixels)!);
    }

    [Fact]
    public void ASignatureOnlyPlanHasTheSameMembersWhichThrow()
    {
        ModelPlan plan = HandMadeModels.Classifier();
        ModelPlan signature = plan with
        {
            IsSignatureOnly = true,
            Inputs = new(plan.Inputs.Select(i => i with { Binding = null })),
            Outputs = new(plan.Outputs.Select(o => o with { Offset = 0 })),
            Steps = EquatableList<PlanStep>.Empty,
            Buffers = EquatableList<PlanBuffer>.Empty,
            Weights = plan.Weights with { Bytes = 0, Checksum = 0 },
            ArenaBytes = 0,
        };
        GeneratedProject generated = HandMadeModels.Project([signature], Driver).Generate().AssertBuilds();
        Assert.Equal(["TinyClassifier.g.cs"], generated.Files.Keys);
        using LoadedProject loaded = generated.Load();
        using LoadedProject complete = HandMadeModels.Project([plan], Driver).Generate().Load();
        Assert.Equal(
            PublicSurface.Of(complete.Assembly, "Consumer.TinyClassifier"), PublicSurface.Of(loaded.Assembly, "Consumer.TinyClassifier"));
        var e = Assert.Throws<InvalidOperationException>(() => loaded.Call("Consumer.Driver", "Create"));
        Assert.Equal("The model 'tiny-classifier' has not been compiled yet: build the project first.", e.Message);
    }
}
