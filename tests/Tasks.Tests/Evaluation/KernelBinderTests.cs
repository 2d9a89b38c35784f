using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

public sealed class KernelBinderTests
{
    [Fact]
    public void BoundStepsCallTheKernel()
    {
        var workspace = new Workspace(PackedWeights.Of([]), 64);
        KernelBinder.Bind(Fill("destination", 0, "elementSize", 1, "bits", 7))(workspace);
        Assert.Equal([7, 7, 7, 7, 7, 7, 0], workspace.ArenaSpan<byte>(8, 7).ToArray());
    }

    [Fact]
    public void BindingsTakeTheCallersElements()
    {
        var step = new PlanCall("InputCopy", "Run", "x", "", 0,
            new([new PlanArgument.Integer("destination", 4), new PlanArgument.Integer("count", 3)]));
        var workspace = new Workspace(PackedWeights.Of([]), 64);
        KernelBinder.BindInput<short>(step)([1, -2, 3, 99], workspace);
        Assert.Equal([1, -2, 3, 0], workspace.ArenaSpan<short>(4, 4).ToArray());
    }

    [Theory]
    [InlineData("destination", "elementSize", "value", "'value'")]
    [InlineData("elementSize", "destination", "bits", "'elementSize'")]
    public void ArgumentsMustBearTheParametersNamesInTheirOrder(string first, string second, string third, string named)
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
            KernelBinder.Bind(Fill(first, 0, second, 1, third, 7)));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("Fill.Run", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ArgumentsMustFitTheParametersTypes()
    {
        Assert.Throws<InvalidOperationException>(() => KernelBinder.Bind(Fill("destination", 1L << 40, "elementSize", 1, "bits", 7)));
        PlanCall step = Fill("destination", 0, "elementSize", 1, "bits", 7);
        Assert.Throws<InvalidOperationException>(() => KernelBinder.Bind(step with { Arguments = new(step.Arguments.Take(3)) }));
        Assert.Throws<InvalidOperationException>(() => KernelBinder.Bind(step with { Kernel = "NoSuchKernel" }));
        Assert.Throws<InvalidOperationException>(() => KernelBinder.Bind(step with { Method = "NoSuchMethod" }));
        Assert.Throws<InvalidOperationException>(() => KernelBinder.BindInput<float>(step));
    }

    private static PlanCall Fill(string first, long a, string second, long b, string third, long c) => new(
        "Fill", "Run", "n", "", 0,
        new([
            new PlanArgument.Integer(first, a + 8),
            new PlanArgument.Integer(second, b),
            new PlanArgument.Integer(third, c),
            new PlanArgument.Integers("dims", new([2, 3])),
            new PlanArgument.Integers("strides", new([3, 1])),
        ]));
}
