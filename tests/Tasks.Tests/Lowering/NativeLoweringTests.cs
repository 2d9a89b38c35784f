using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>The lowerings of operators in their own element types.</summary>
public class NativeLoweringTests
{
    // What depends on shapes and constants only; the importer has computed it before anything is lowered.
    private static readonly string[] Folded = ["Constant", "ConstantOfShape", "Range", "Shape", "Size"];

    [Fact]
    public void EveryOperatorThatCanRemainHasALowering()
    {
        foreach ((string domain, string opType) in OperatorRegistry.All)
        {
            var node = new Node("n", opType, [], []) { Domain = domain };
            bool has = NodeLowerings.Find(LoweringForm.Native, node) is not null;
            Assert.True(has || (domain.Length == 0 && Folded.Contains(opType)), $"{domain}::{opType} has no native lowering");
        }
    }

    // ONNX's attributes are 64-bit integers, kernels take 32 bits: a flag is a flag whatever its number.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(long.MaxValue, 1)]
    public void FlagsBecomeZeroOrOne(long attribute, long argument)
    {
        var graph = new Graph
        {
            Name = "flag",
            Inputs = ["x"],
            Outputs = ["y"],
            Nodes = [new Node("last", "ArgMax", ["x"], ["y"]).With("select_last_index", attribute)],
            Constants = ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
            Types = new Dictionary<string, TensorType> { ["x"] = TensorType.Float32(3), ["y"] = TensorType.Of(ElementType.Int64, 1) }
                .ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions());
        Assert.Contains(new PlanArgument.Integer("last", argument), lowered.Calls.Single(s => s.Kernel == "ArgExtremum").Arguments);
    }

    [Fact]
    public void AProductOfIntegersWithFactorsHasNoKernel()
    {
        var matrix = TensorType.Of(ElementType.Int32, 2, 2);
        var graph = new Graph
        {
            Name = "integers",
            Inputs = ["a", "b"],
            Outputs = ["y"],
            Nodes = [new Node("product", "Gemm", ["a", "b"], ["y"])],
            Constants = ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
            Types = new Dictionary<string, TensorType> { ["a"] = matrix, ["b"] = matrix, ["y"] = matrix }
                .ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        var e = Assert.Throws<ModelException>(() => GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions()));
        Assert.Equal("OPT0029", e.Diagnostic.Descriptor.Code);
        Assert.Contains("product", e.Message, StringComparison.Ordinal);
    }
}
