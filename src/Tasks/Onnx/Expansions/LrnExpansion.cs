using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// LRN: each element divided by a power of the mean square of its neighbours in other channels (A. Krizhevsky et al., "ImageNet
/// Classification with Deep Convolutional Neural Networks", 2012, section 3.3).
/// </summary>
[RewrittenOperator("LRN")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("beta", ParameterKind.Float)]
[Parameter("bias", ParameterKind.Float)]
[Parameter("size", ParameterKind.Int, Required = true, Minimum = 1)]
internal sealed class LrnExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 2)
            throw context.Invalid($"its input is {x}, which has no channels");
        long size = context.Node.Int("size", 1), channels = x.Dimensions[1];
        long pixels = Shapes.Count(x.Dimensions.AsSpan()[2..]);
        // Channels as the rows of an image; padding counts, so that the sum is divided by the size everywhere.
        string squares = context.Reshape(context.Add("Mul", context[0], context[0]), x.Dimensions[0], 1, channels, pixels);
        string mean = context.Add(ExpansionContext.New("AveragePool", squares).With("kernel_shape", size, 1).With("count_include_pad", 1)
            .With("pads", (size - 1) / 2, 0, size - 1 - ((size - 1) / 2), 0));
        string scaled = context.Add("Add", context.Add("Mul", context.Reshape(mean, x.Dimensions.AsSpan()),
            context.Scalar(x.Element, context.Node.Float("alpha", 1e-4f))), context.Scalar(x.Element, context.Node.Float("bias", 1)));
        string power = context.Add("Pow", scaled, context.Scalar(x.Element, context.Node.Float("beta", 0.75f)));
        context.Return(0, context.Add("Div", context[0], power));
    }
}
