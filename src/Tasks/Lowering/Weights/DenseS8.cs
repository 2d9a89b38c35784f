using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Arithmetic;
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
    public override ImmutableArray<string> Kernels(WeightOrder order) => order switch
    {
        WeightOrder.Dense => ["Int8Dense", "Int8DenseBlocked", "Int8Lstm", "Int8Gru", "Int8Rnn"],
        WeightOrder.Convolution => ["Int8Convolution", "Int8ConvolutionBlocked", "Int8WinogradConvolution"],
        _ => ["Int8Depthwise"],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        context.IsInteger(node) && !SparseS8.Suits(shape, weights) && !DenseS4.Suits(shape, weights);

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights) => Order(shape).Pack(weights.Values<sbyte>());

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        Tensor weights = Tensor.Zeros(TypeOf(shape));
        Order(shape).Unpack(packed, weights.Values<sbyte>());
        return weights;
    }

    /// <summary>The places of a layer's weights. Integer kernels know windows over two axes.</summary>
    internal static Int8WeightOrder Order(LayerShape shape)
    {
        (int height, int width) = shape.Order == WeightOrder.Dense ? (1, 1) : (shape.Kernel[0], shape.Kernel[1]);
        return new(shape.Order, shape.Groups, shape.Outputs, shape.Inputs, height, width, shape.InputPixelStride, shape.DilationWidth);
    }
}
