using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>SpaceToDepth: the pixels of each block become channels.</summary>
[RewrittenOperator("SpaceToDepth")]
[Input(0, "input", Elements.Numbers | Elements.Bool)]
[Output(0, "output")]
[Parameter("blocksize", ParameterKind.Int, Required = true, Minimum = 1)]
internal sealed class SpaceToDepthExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long block = context.Node.Int("blocksize", 1);
        if (x.Rank != 4 || block > int.MaxValue / 2 || x.Dimensions[2] % block != 0 || x.Dimensions[3] % block != 0)
            throw context.Invalid($"its input is {x}, which has no whole blocks of {block}×{block}");
        (long n, long c, long h, long w) = (x.Dimensions[0], x.Dimensions[1], x.Dimensions[2] / block, x.Dimensions[3] / block);
        string blocks = context.Reshape(context[0], n, c, h, block, w, block);
        context.Return(0, context.Reshape(context.Transpose(blocks, 0, 3, 5, 1, 2, 4), n, c * block * block, h, w));
    }
}
