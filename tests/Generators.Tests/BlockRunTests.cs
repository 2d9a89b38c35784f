using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Generators.Tests;

/// <summary>A hand-made plan with a condition in a loop, generated, compiled and run.</summary>
public class BlockRunTests
{
    private const int Int32 = 6;
    private const int Int64 = 7;

    private const string Driver = """
        using System;

        internal static class Driver
        {
            private static readonly Summation Model = new Summation();

            public static int Run(long count, long threshold, int small, int large, int limit)
            {
                ReadOnlySpan<int> sum = Model.Predict(
                    new[] { count }, new[] { threshold }, new[] { small }, new[] { large }, new[] { limit });
                return sum[0];
            }

            public static long AllocatedBy(int rounds)
            {
                long[] count = { 9 };
                int[] number = { 2 };
                int[] sum = new int[1];
                Model.WarmUp();
                Model.Predict(count, count, number, number, number, sum);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < rounds; i++)
                    Model.Predict(count, count, number, number, number, sum);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        """;

    private static readonly Lazy<LoadedProject> Loaded = new(() =>
        HandMadeModels.Project([Summation()], Driver).Generate().AssertBuilds().Load());

    [Theory]
    [InlineData(0, 5, 1, 10, 1000)]
    [InlineData(3, 5, 1, 10, 1000)]
    [InlineData(9, 5, 1, 10, 1000)]
    [InlineData(9, 5, 1, 10, 20)]
    [InlineData(9, 0, 1, 10, 0)]
    [InlineData(-4, 5, 1, 10, 1000)]
    [InlineData(1000, 5, 1, 10, 1000000)]
    public void LoopsAndConditionsRunAsThePlanSays(long count, long threshold, int small, int large, int limit)
    {
        int expected = 0;
        for (long i = 0; i < Math.Min(count, 100) && expected < limit; i++)
            expected += i < threshold ? small : large;
        Assert.Equal(expected, Loaded.Value.Call("Driver", "Run", count, threshold, small, large, limit));
    }

    [Fact]
    public void TheyAllocateNothing() => Assert.Equal(0L, Allocation.Least(() => (long)Loaded.Value.Call("Driver", "AllocatedBy", 100)!));

    [Fact]
    public void TheirCodeIsAsItWas() => Baseline.Compare(
        "tests/Generators.Tests/Baselines/Summation.Layers.g.cs.txt",
        HandMadeModels.Project([Summation()]).Generate().Files["Summation.Layers.g.cs"]);

    [Fact]
    public void LongBodiesRunInGroups()
    {
        ModelPlan plan = Summation();
        PlanCall add = (PlanCall)((PlanIf)((PlanLoop)plan.Steps[2]).Body[1]).Then[0];
        var loop = new PlanLoop("/loop", "120 additions", 2, null, null, null, new(Enumerable.Repeat(add, 120)));
        const string Source = """
            internal static class Driver
            {
                public static int Run() =>
                    new Summation().Predict(new long[1], new long[1], new[] { 3 }, new int[1], new int[1])[0];
            }
            """;
        GeneratedProject project = HandMadeModels.Project([plan with { Steps = new([plan.Steps[0], loop]) }], Source).Generate();
        Assert.Contains("Step001_Loop_BodyGroup2(workspace)", project.Files["Summation.Layers.g.cs"], StringComparison.Ordinal);
        using LoadedProject loaded = project.AssertBuilds().Load();
        Assert.Equal(720, loaded.Call("Driver", "Run"));
    }

    // sum = 0; for (i = 0; i < min(count, 100) and sum < limit; i++) sum += i < threshold ? small : large
    private static ModelPlan Summation()
    {
        (string Name, BoundaryType Type, int Offset)[] inputs =
        [
            ("count", BoundaryType.Int64, 0), ("threshold", BoundaryType.Int64, 64), ("small", BoundaryType.Int32, 128),
            ("large", BoundaryType.Int32, 192), ("limit", BoundaryType.Int32, 256),
        ];
        const int Sum = 320;
        const int Goes = 384;
        const int Iteration = 448;
        const int IsSmall = 512;
        PlanCall goes = Pair("Compare", "Less", "/goes", Sum, 256, Goes, Int32);
        return HandMadeModels.Regressor() with
        {
            Model = "summation",
            ClassName = "Summation",
            Namespace = "",
            Inputs = new(inputs.Select(i => new PlanInput(i.Name, i.Name, i.Type, EquatableList<int>.Empty, HandMadeModels.Step(
                "InputCopy", "Run", i.Name, "scalar", 0, ("destination", i.Offset), ("count", 1))))),
            Outputs = new([new PlanOutput("sum", "Sum", "sum", BoundaryType.Int32, EquatableList<int>.Empty, Sum)]),
            ArenaBytes = 576,
            Buffers = EquatableList<PlanBuffer>.Empty,
            Steps = new(
            [
                HandMadeModels.Step("Fill", "Run", "/zero", "0", 0,
                    ("destination", Sum), ("elementSize", 4), ("bits", 0L), ("dims", Array.Empty<int>()), ("strides", Array.Empty<int>())),
                goes,
                new PlanLoop("/loop", "Loop, at most 100 times", 100, 0, Goes, Iteration, new(
                [
                    Pair("Compare", "Less", "/loop/isSmall", Iteration, 64, IsSmall, Int64),
                    new PlanIf("/loop/if", "If", IsSmall,
                        new([Pair("NumericBinary", "Add", "/loop/if/addSmall", Sum, 128, Sum, Int32)]),
                        new([Pair("NumericBinary", "Add", "/loop/if/addLarge", Sum, 192, Sum, Int32)])),
                    goes,
                ])),
            ]),
        };
    }

    private static PlanCall Pair(string kernel, string method, string node, int a, int b, int output, int type) => HandMadeModels.Step(
        kernel, method, node, method, 0, ("a", a), ("b", b), ("output", output), ("elementType", type),
        ("dims", Array.Empty<int>()), ("aStrides", Array.Empty<int>()), ("bStrides", Array.Empty<int>()));
}
