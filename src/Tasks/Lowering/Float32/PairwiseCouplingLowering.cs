using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Probabilities of classes from those of pairs.</summary>
[Lowers(LoweringForm.Native, typeof(PairwiseCouplingOperator))]
internal sealed class PairwiseCouplingLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        int classes = PairwiseCouplingOperator.Classes(node);
        context.Step(nameof(Float32PairwiseCoupling), nameof(Float32PairwiseCoupling.Run), node, $"{classes} classes from their pairs")
            .Operand("input", input)
            .Write("output", context.Create(node.Outputs[0]))
            .Int("rows", input.Dimensions[0])
            .Int("classes", classes);
    }
}
