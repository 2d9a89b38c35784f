using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The call of an integer layer with weights of four bits, as s8 and as such, whatever the compiler would choose: what its choice is
/// derived from.
/// </summary>
internal static class FourBitSteps
{
    /// <summary>Brings the layer's weights into the range of four bits and packs them in both forms.</summary>
    /// <param name="dense">The call of the kernel of s8 weights.</param>
    /// <param name="lowered">The layer.</param>
    /// <param name="group">Inputs that share a factor; 0: no factors.</param>
    /// <returns>Both calls, the weights that they read, and how many bytes each reads of them.</returns>
    public static (PlanCall Dense, PlanCall Four, byte[] Weights, int DenseBytes, int FourBytes) Of(
        PlanCall dense, LoweredModel lowered, int group)
    {
        WeightSection section = lowered.Sections[0];
        LayerShape shape = section.Shape with { GroupInputs = group };
        var values = section.Storage.Unpack(shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
        sbyte[] weights = values.Values<sbyte>();
        var random = new Random(group);
        for (int row = 0; row < weights.Length; row += shape.Taps)
        {
            int factor = group == 0 ? 1 : 1 + (row / shape.Taps % shape.Inputs / group % Int4Packing.GreatestFactor);
            for (int i = row; i < row + shape.Taps; i++)
                weights[i] = (sbyte)(random.Next(-Int4Packing.Highest, Int4Packing.Highest + 1) * factor);
        }

        var four = new DenseS4();
        byte[] packed = new DenseS8().Pack(shape, values), codes = four.Pack(shape, values);
        List<byte> all = [.. lowered.Weights];
        int packedAt = Append(packed), codesAt = Append(codes);
        PlanCall asBytes = With(dense, [("weights", packedAt)]) with { Kernel = new DenseS8().Kernels(shape.Order)[0] };
        PlanCall asFour = With(dense, four.Arguments(new(section.Node, four, shape, codesAt, codes.Length)))
            with { Kernel = four.Kernels(shape.Order)[0] };
        return (asBytes, asFour, [.. all], packed.Length, codes.Length);

        int Append(byte[] bytes)
        {
            all.AddRange(new byte[-all.Count & 63]);
            all.AddRange(bytes);
            return all.Count - bytes.Length;
        }
    }

    // The bound on pairs holds for all weights of four bits with their factors.
    private static PlanCall With(PlanCall call, IEnumerable<(string Name, int Offset)> places) => call with
    {
        Arguments = new(call.Arguments.SelectMany(a => a.Name switch
        {
            "weights" => places.Select(p => (PlanArgument)new PlanArgument.Integer(p.Name, p.Offset)),
            "pairSums" => [new PlanArgument.Integer("pairSums", 1)],
            _ => [a],
        })),
    };
}
