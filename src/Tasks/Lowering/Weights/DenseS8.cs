using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>Every weight as a signed byte, in the layouts of <see cref="Int8Packing"/>.</summary>
internal sealed class DenseS8 : WeightStorage
{
    /// <inheritdoc/>
    public override string Name => "s8";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Int8;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 200;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(LayerKind kind) => kind switch
    {
        LayerKind.Rows => ["Int8Dense", "Int8DenseBlocked"],
        LayerKind.Windows => ["Int8Convolution", "Int8ConvolutionBlocked"],
        _ => ["Int8Depthwise"],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node) => context.IsInteger(node);

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights)
    {
        ReadOnlySpan<sbyte> values = weights.Values<sbyte>();
        byte[] packed = new byte[PackedBytes(shape)];
        (int height, int width) = Window(shape);
        switch (shape.Kind)
        {
            case LayerKind.Rows:
                Int8Packing.Pack(values, shape.Outputs, 1, shape.Inputs, packed);
                break;
            case LayerKind.Windows:
                Int8Packing.PackConvolution(
                    values, shape.Groups, shape.Outputs, shape.Inputs, height, width, shape.InputPixelStride, shape.DilationWidth, packed);
                break;
            default:
                Int8Packing.PackDepthwise(values, shape.Groups, height, width, packed);
                break;
        }
        return packed;
    }

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        Tensor weights = Tensor.Zeros(TypeOf(shape));
        Span<sbyte> values = weights.Values<sbyte>();
        (int height, int width) = Window(shape);
        switch (shape.Kind)
        {
            case LayerKind.Rows:
                Int8Packing.Unpack(packed, shape.Outputs, 1, shape.Inputs, values);
                break;
            case LayerKind.Windows:
                Int8Packing.UnpackConvolution(
                    packed, shape.Groups, shape.Outputs, shape.Inputs, height, width, shape.InputPixelStride, shape.DilationWidth, values);
                break;
            default:
                Int8Packing.UnpackDepthwise(packed, shape.Groups, height, width, values);
                break;
        }
        return weights;
    }

    private static int PackedBytes(LayerShape shape)
    {
        (int height, int width) = Window(shape);
        return shape.Kind switch
        {
            LayerKind.Rows => Int8Packing.PackedBytes(shape.Outputs, 1, shape.Inputs),
            LayerKind.Windows => Int8Packing.ConvolutionBytes(
                shape.Groups, shape.Outputs, shape.Inputs, height, width, shape.InputPixelStride, shape.DilationWidth),
            _ => Int8Packing.DepthwiseBytes(shape.Groups, height, width),
        };
    }

    // Integer kernels know windows over two axes.
    private static (int Height, int Width) Window(LayerShape shape) =>
        shape.Kind == LayerKind.Rows ? (1, 1) : (shape.Kernel[0], shape.Kernel[1]);
}
