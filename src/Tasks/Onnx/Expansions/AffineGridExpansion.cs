using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// AffineGrid: where each pixel of an output is read in an input, by one affine map for each image (M. Jaderberg et al., "Spatial
/// Transformer Networks", 2015, section 3.2).
/// </summary>
[RewrittenOperator("AffineGrid")]
[Input(0, "theta", Elements.Floats)]
[Input(1, "size", Elements.Int64, Fixed = true)]
[Output(0, "grid")]
[Parameter("align_corners", ParameterKind.Int)]
internal sealed class AffineGridExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType theta = context.Type(0);
        long[] size = context.Integers(1);
        int axes = size.Length - 2;
        if (axes is not (2 or 3) || size.Any(s => s is < 1 or > 1 << 20) || theta.Rank != 3 || theta.Dimensions[0] != size[0]
            || theta.Dimensions[1] != axes || theta.Dimensions[2] != axes + 1)
            throw context.Invalid($"its theta is {theta} for the size [{string.Join(',', size)}]");
        bool corners = context.Node.Int("align_corners", 0) != 0;
        int[] extents = [.. size.Skip(2).Select(s => (int)s)];
        int count = context.Elements([.. size.Skip(2)]);
        // One row for each pixel: its place along the last axis first, then the other ones, then 1.
        var places = new float[context.Elements(count, axes + 1)];
        for (int pixel = 0; pixel < count; pixel++)
        {
            int rest = pixel;
            for (int d = axes - 1; d >= 0; d--)
            {
                int i = rest % extents[d];
                rest /= extents[d];
                places[(pixel * (axes + 1)) + (axes - 1 - d)] = Place(i, extents[d], corners);
            }
            places[(pixel * (axes + 1)) + axes] = 1;
        }
        string points = context.Cast(context.Add(Tensor.Of(places, count, axes + 1)), theta.Element);
        string grid = context.Add("MatMul", points, context.Transpose(context[0], 0, 2, 1));
        context.Return(0, context.Reshape(grid, [size[0], .. size.Skip(2), axes]));
    }

    private static float Place(int index, int extent, bool corners) => corners
        ? extent == 1 ? 0 : (2f * index / (extent - 1)) - 1
        : (((2f * index) + 1) / extent) - 1;
}
