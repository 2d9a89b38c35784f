using System.Buffers.Binary;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>A hand-made plan with a state, generated, compiled and run.</summary>
public class StateRunTests
{
    private const string ResourceName = "OptimizerBuild.sums.weights";

    private const string Driver = """
        using System;

        internal static class Driver
        {
            public static int[] Own(int[] frames)
            {
                var model = new Sums();
                model.WarmUp();
                return Array.ConvertAll(frames, f => model.Predict(new[] { f })[0]);
            }

            // Two streams in turn on one instance, with states of their own, into buffers.
            public static int[] Streams(int[] frames)
            {
                var model = new Sums();
                Sums.State[] states = { new Sums.State(), new Sums.State() };
                int[] sums = new int[frames.Length];
                for (int i = 0; i < frames.Length; i++)
                    model.Predict(frame: frames.AsSpan(i, 1), state: states[i % 2], doubled: sums.AsSpan(i, 1));
                return sums;
            }

            public static int[] Handling(int frame)
            {
                var model = new Sums();
                model.Predict(new[] { frame });
                var copy = new Sums.State();
                copy.CopyFrom(model.DefaultState);
                model.DefaultState.Reset();
                int again = model.Predict(new[] { frame })[0];
                int continued = model.Predict(new[] { frame }, copy)[0];
                copy.H[0] = 1000;
                return new[] { again, continued, model.Predict(new[] { frame }, copy)[0], model.DefaultState.H[0], copy.H[0] };
            }

            public static void NoState() => new Sums().Predict(new int[1], (Sums.State)null!);

            public static long AllocatedBy(int rounds)
            {
                var model = new Sums();
                var state = new Sums.State();
                int[] frame = { 1 };
                int[] sum = new int[1];
                model.WarmUp();
                model.Predict(frame, sum);
                model.Predict(frame, state, sum);
                state.CopyFrom(model.DefaultState);
                state.H[0] = 0;
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < rounds; i++)
                {
                    model.Predict(frame, sum);
                    model.Predict(frame, state, sum);
                    state.CopyFrom(model.DefaultState);
                    state.H[0] = i;
                }
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        """;

    private static readonly Lazy<LoadedProject> Loaded = new(() => Project(Sums(), Driver).Generate().AssertBuilds().Load());

    [Fact]
    public void PredictionsContinueTheInstancesOwnState() =>
        Assert.Equal([2 * 103, 2 * 105, 2 * 112], (int[])Loaded.Value.Call("Driver", "Own", [new[] { 3, 2, 7 }])!);

    [Fact]
    public void StreamsHaveStatesOfTheirOwn() =>
        Assert.Equal([202, 220, 206, 260], (int[])Loaded.Value.Call("Driver", "Streams", [new[] { 1, 10, 2, 20 }])!);

    [Fact]
    public void StatesAreCopiedResetAndSet() =>
        Assert.Equal([2 * 105, 2 * 110, 2 * 1005, 105, 1005], (int[])Loaded.Value.Call("Driver", "Handling", 5)!);

    [Fact]
    public void AMissingStateIsAnArgumentError() =>
        Assert.Throws<ArgumentNullException>(() => Loaded.Value.Call("Driver", "NoState"));

    [Fact]
    public void PredictionsWithStateAllocateNothing() =>
        Assert.Equal(0L, Allocation.Least(() => (long)Loaded.Value.Call("Driver", "AllocatedBy", 100)!));

    [Fact]
    public void TheCodeIsAsItWas()
    {
        string code = Project(Sums()).Generate().Files["Sums.g.cs"];
        int start = code.IndexOf("/// <summary>What one prediction leaves", StringComparison.Ordinal);
        int end = code.IndexOf("/// <summary>Facts about the model", StringComparison.Ordinal);
        Assert.Contains("public global::System.ReadOnlySpan<int> Predict(global::System.ReadOnlySpan<int> frame, global::Sums.State state)",
            code, StringComparison.Ordinal);
        Assert.DoesNotContain("PredictBatch(", code, StringComparison.Ordinal);
        Baseline.Compare("tests/Generators.Tests/Baselines/Sums.State.g.cs.txt",
            System.Text.RegularExpressions.Regex.Replace(code[start..end], "\"OptimizerBuild\", \"[0-9.]+\"",
                "\"OptimizerBuild\", \"<VERSION>\""));
    }

    [Fact]
    public void ASignatureHasTheSameMembers()
    {
        ModelPlan plan = Sums();
        ModelPlan signature = plan with
        {
            IsSignatureOnly = true,
            HasStartUp = false,
            Inputs = new(plan.Inputs.Select(i => i with { Binding = null })),
            States = new(plan.States.Select(s => s with { Binding = null, Initial = null })),
            Steps = EquatableList<PlanStep>.Empty,
        };
        using LoadedProject loaded = Project(signature, Driver).Generate().AssertBuilds().Load();
        foreach (string type in (string[])["Sums", "Sums+State"])
            Assert.Equal(PublicSurface.Of(Loaded.Value.Assembly, type), PublicSurface.Of(loaded.Assembly, type));
    }

    // h' = h + frame, output 2 · h'; h begins with 100.
    private static ModelPlan Sums()
    {
        const int Int32 = 6;
        PlanCall Add(string node, int a, int b, int output) => HandMadeModels.Step(
            "NumericBinary", "Add", node, "Add", 0, ("a", a), ("b", b), ("output", output), ("elementType", Int32),
            ("dims", Array.Empty<int>()), ("aStrides", Array.Empty<int>()), ("bStrides", Array.Empty<int>()));
        PlanCall Copy(string node, int destination) =>
            HandMadeModels.Step("InputCopy", "Run", node, "scalar", 0, ("destination", destination), ("count", 1));
        byte[] weights = Weights();
        return HandMadeModels.Regressor() with
        {
            Model = "sums",
            ClassName = "Sums",
            Namespace = "",
            Inputs = new([new PlanInput("frame", "frame", BoundaryType.Int32, EquatableList<int>.Empty, Copy("frame", 0))]),
            States = new([new PlanState("h", "hn", "H", BoundaryType.Int32, EquatableList<int>.Empty, 128, 64, Copy("h", 64))]),
            Outputs = new([new PlanOutput("doubled", "Doubled", "doubled", BoundaryType.Int32, EquatableList<int>.Empty, 192)]),
            Weights = new(ResourceName, weights.Length, HandMadeModels.Checksum(weights)),
            ArenaBytes = 256,
            Buffers = EquatableList<PlanBuffer>.Empty,
            Steps = new([Add("/add", 0, 64, 128), Add("/double", 128, 128, 192)]),
        };
    }

    private static byte[] Weights()
    {
        var weights = new byte[68];
        BinaryPrimitives.WriteInt32LittleEndian(weights.AsSpan(64), 100);
        return weights;
    }

    private static ConsumerProject Project(ModelPlan plan, params string[] sources) => new()
    {
        Plans = [PlanWriter.Write(plan)],
        Sources = sources,
        Resources = new Dictionary<string, byte[]> { [ResourceName] = Weights() },
    };
}
