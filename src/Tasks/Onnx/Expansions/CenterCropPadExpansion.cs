using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>CenterCropPad: the middle of the input, or the input in the middle of zeros, along each axis.</summary>
[RewrittenOperator("CenterCropPad")]
[Input(0, "input_data", Elements.Numbers | Elements.Bool)]
[Input(1, "shape", Elements.Indices, Fixed = true)]
[Output(0, "output_data")]
[Parameter("axes", ParameterKind.Ints)]
internal sealed class CenterCropPadExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long[] shape = context.Integers(1);
        long[] axes = context.Node.Ints("axes") ?? [.. Enumerable.Range(0, x.Rank).Select(a => (long)a)];
        if (shape.Length != axes.Length || shape.Any(s => s is < 0 or > int.MaxValue))
            throw context.Invalid($"its shape is [{string.Join(',', shape)}] for {axes.Length} axes");
        string value = context[0];
        var pads = new long[2 * x.Rank];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = context.Axis(axes[i], x.Rank);
            long difference = shape[i] - x.Dimensions[axis];
            if (difference < 0)
            {
                long start = -difference / 2;
                value = context.Slice(value, axis, start, start + shape[i]);
            }
            else
            {
                (pads[axis], pads[x.Rank + axis]) = (difference / 2, difference - (difference / 2));
            }
        }
        context.Return(0, pads.Any(p => p > 0) ? context.Add("Pad", value, context.Ints(pads)) : value);
    }
}
