using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Boxes of the highest scores without those that overlap others.</summary>
[Lowers(LoweringForm.Native, typeof(NonMaxSuppressionOperator))]
internal sealed class BoxSuppressionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage boxes = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage scores = context.Dense(node, context.Read(node, node.Inputs[1]));
        int count = scores.Dimensions[2];
        context.Step(nameof(Float32BoxSuppression), nameof(Float32BoxSuppression.Run), node,
                $"at most {NonMaxSuppressionOperator.Most(node)} of {count} boxes of {scores.Dimensions[1]} classes")
            .Operand("boxes", boxes)
            .Operand("scores", scores)
            .Write("heap", context.CreateScratch(node, ElementType.Int32, count))
            .Write("output", context.Create(node.Outputs[0]))
            .Write("length", context.Create(node.Outputs[1]))
            .Int("batches", scores.Dimensions[0])
            .Int("classes", scores.Dimensions[1])
            .Int("count", count)
            .Int("most", NonMaxSuppressionOperator.Most(node))
            .Real("overlap", NonMaxSuppressionOperator.Overlap(node))
            .Int("bounded", NonMaxSuppressionOperator.Least(node) is null ? 0 : 1)
            .Real("least", NonMaxSuppressionOperator.Least(node) ?? 0)
            .Int("centered", NonMaxSuppressionOperator.IsCentered(node) ? 1 : 0);
    }
}
