using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The call of a dense layer as one with sparse weights, whatever the compiler would choose: what its choice is derived from.
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
        Tensor values = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
        WeightStorage sparse = section.Storage is DenseS8 ? new SparseS8() : new SparseFloat32();
        int blockBytes = sparse is SparseS8 ? Int8SparseProduct.BlockBytes : Float32SparseProduct.BlockBytes;

        // All blocks of a layer without zeros; without some of them it is another layer.
        byte[] packed = sparse.Pack(section.Shape, values);
        int all = sparse.Parts(section.Shape, packed.Length)[0].Bytes;
        var random = new Random(zeros);
        for (int at = 0; at < all; at += blockBytes)
            if (random.Next(100) < zeros)
                packed.AsSpan(at, blockBytes).Clear();
        byte[] blocks = sparse.Pack(section.Shape, sparse.Unpack(section.Shape, packed));

        int offset = (lowered.Weights.Length + 63) / 64 * 64;
        byte[] weights = [.. lowered.Weights, .. new byte[offset - lowered.Weights.Length], .. blocks];
        string kernel = sparse.Kernels(section.Shape.Order)[0];
        HashSet<string?> parameters = [.. typeof(Workspace).Assembly.GetType("OptimizerBuild.Kernels." + kernel, throwOnError: true)!
            .GetMethod(dense.Method)!.GetParameters().Select(p => p.Name)];
        IEnumerable<PlanArgument> arguments = dense.Arguments.SelectMany(a => a.Name == "weights"
            ? sparse.Arguments(new(section.Node, sparse, section.Shape, offset, blocks.Length))
                .Select(p => (PlanArgument)new PlanArgument.Integer(p.Name, p.Offset))
            : parameters.Contains(a.Name) ? [a] : []);
        return (dense with { Kernel = kernel, Arguments = new(arguments) }, weights);
    }
}
