using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>DepthToSpace: groups of channels become the pixels of blocks (W. Shi et al., "Real-Time Single Image and Video
/// Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016).</summary>
[RewrittenOperator("DepthToSpace")]
[Input(0, "input", Elements.Numbers | Elements.Bool)]
[Output(0, "output")]
[Parameter("blocksize", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("mode", ParameterKind.String, Choices = ["DCR", "CRD"], From = 11)]
internal sealed class DepthToSpaceExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long block = context.Node.Int("blocksize", 1);
        if (x.Rank != 4 || block > x.Dimensions[1] || x.Dimensions[1] % (block * block) != 0)
            throw context.Invalid($"its input is {x}, whose channels are no {block}×{block} groups");
        (long n, long c, long h, long w) = (x.Dimensions[0], x.Dimensions[1] / (block * block), x.Dimensions[2], x.Dimensions[3]);
        string spread = context.Node.Text("mode", "DCR") == "DCR"
            ? context.Transpose(context.Reshape(context[0], n, block, block, c, h, w), 0, 3, 4, 1, 5, 2)
            : context.Transpose(context.Reshape(context[0], n, c, block, block, h, w), 0, 1, 4, 2, 5, 3);
        context.Return(0, context.Reshape(spread, n, c, h * block, w * block));
    }
}
