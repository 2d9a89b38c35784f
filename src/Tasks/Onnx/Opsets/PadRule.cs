using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Pad before opset 11 has pads and value as attributes.</summary>
[OpsetRule("Pad")]
internal sealed class PadRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 11)
            return [context.Node];
        long[] pads = context.Node.Ints(context.Opset < 2 ? "paddings" : "pads")!;
        if (!context.Type(0).Element.IsFloat())
            throw context.Invalid($"its input is {context.Type(0)}, which this opset does not pad");
        Tensor value = NumericCast.Convert(Tensor.Scalar(context.Node.Float("value", 0)), context.Type(0).Element)!;
        return [context.WithInputs(1, context.AddInts("pads", pads), context.AddConstant("value", value)).Without("pads")
            .Without("paddings").Without("value")];
    }
}
