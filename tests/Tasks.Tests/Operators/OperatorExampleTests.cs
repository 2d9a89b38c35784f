using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Operators;

/// <summary>At least one worked example for every operator, evaluated at run time and folded at import.</summary>
public sealed class OperatorExampleTests
{
    public static IEnumerable<object[]> Indices => OperatorExamples.All.Select((e, i) => (object[])[i, e.OpType]);

    /// <summary>Operators with sub-graphs have theirs in <see cref="Lowering.ControlFlowTests"/>.</summary>
    [Fact]
    public void Every_operator_has_an_example() =>
        Assert.Equal(
            OperatorRegistry.All.Where(o => o.Domain.Length == 0 && OperatorRegistry.Of(new Node("", o.OpType, [], [])) is not IControlFlow)
                .Select(o => o.OpType),
            OperatorExamples.All.Select(e => e.OpType).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void AnIntegerDividedByZeroIsZero()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.Int32, 3).Constant("a", Tensor.Of([7, -7, 6], 3)).Node("Div", "a,x", "y")
            .Output("y").Import();
        Assert.Equal([0, 7, 3], new GraphEvaluator(graph).Evaluate([Tensor.Of([0, -1, 2], 3)])[0].Values<int>());
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Gives_the_expected_outputs(int index, string opType)
    {
        OperatorExample example = OperatorExamples.All[index];
        Assert.Equal(opType, example.OpType);

        // Once with everything constant, and once with the data as an input where the operator's shape does not depend on it.
        Tensor[] folded = Evaluate(example, variables: 0);
        Compare(example, folded);
        if (example.Inputs.Length > 0 && opType is not ("ConstantOfShape" or "Range"))
            Compare(example, Evaluate(example, variables: 1));
    }

    private static Tensor[] Evaluate(OperatorExample example, int variables)
    {
        Graph graph = example.Model(example.Inputs, variables).Import();
        Assert.Equal(variables > 0 && OperatorRegistry.Find(new Node("", example.OpType, [], [])) is not IFoldsFromTypes ? 1 : 0,
            graph.Nodes.Length);
        return new GraphEvaluator(graph).Evaluate(example.Inputs[..variables]);
    }

    private static void Compare(OperatorExample example, Tensor[] outputs)
    {
        Assert.Equal(example.Outputs.Length, outputs.Length);
        for (int i = 0; i < outputs.Length; i++)
            TensorComparison.AssertClose(example.Outputs[i], outputs[i], 1e-6, 1e-7);
    }
}
