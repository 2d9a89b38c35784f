using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The call of a dense integer layer as one with sparse weights, whatever the compiler would choose: what its choice is derived from.
/// </summary>
internal static class SparseSteps
{
    /// <summary>Sets blocks of the layer's weights to zero.</summary>
    /// <param name="dense">The call of the dense kernel.</param>
    /// <param name="lowered">The layer.</param>
    /// <param name="zeros">How many of a hundred blocks.</param>
    /// <returns>The call of the sparse kernel, and the weights that it reads.</returns>
    public static (PlanCall Step, byte[] Weights) Of(PlanCall dense, LoweredModel lowered, int zeros)
    {
        WeightSection section = lowered.Sections[0];
        var values = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
        byte[] packed = DenseS8.Order(section.Shape).Pack(values.Values<sbyte>());
        var random = new Random(zeros);
        for (int at = 0; at < packed.Length; at += Int8SparseProduct.BlockBytes)
            if (random.Next(100) < zeros)
                packed.AsSpan(at, Math.Min(Int8SparseProduct.BlockBytes, packed.Length - at)).Clear();
        DenseS8.Order(section.Shape).Unpack(packed, values.Values<sbyte>());
        var sparse = new SparseS8();
        byte[] blocks = sparse.Pack(section.Shape, values);

        int offset = (lowered.Weights.Length + 63) / 64 * 64;
        byte[] weights = [.. lowered.Weights, .. new byte[offset - lowered.Weights.Length], .. blocks];
        IEnumerable<PlanArgument> arguments = dense.Arguments.SelectMany(a => a.Name == "weights"
            ? sparse.Arguments(new(section.Node, sparse, section.Shape, offset, blocks.Length))
                .Select(p => (PlanArgument)new PlanArgument.Integer(p.Name, p.Offset))
            : [a]);
        return (dense with { Kernel = sparse.Kernels(section.Shape.Order)[0], Arguments = new(arguments) }, weights);
    }
}
