using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The call of a 3×3 layer in its direct form and in both of Winograd's, whatever the compiler would choose: what its choice is derived
/// from.
/// </summary>
internal static class WinogradForms
{
    // Of weights up to this magnitude no sum of two products leaves 16 bits: 2 · 255 · 64.
    private const int BoundedMagnitude = 64;

    private const string Tile = "tile", VnniTile = "vnniTile";

    /// <summary>All forms of a layer, on the same weights.</summary>
    /// <param name="shape">The layer.</param>
    /// <param name="isBounded">Whether its weights are brought into the range in which pair sums are bounded.</param>
    public static (Action Direct, Action Two, Action Four) Of(ProductShape shape, bool isBounded)
    {
        LoweredModel lowered = SingleLayer.Lower(shape);
        WeightSection section = lowered.Sections[0];
        sbyte[] values = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes)).Values<sbyte>();
        var random = new Random(1);
        int most = isBounded ? BoundedMagnitude : sbyte.MaxValue;
        foreach (ref sbyte value in values.AsSpan())
            value = (sbyte)random.Next(-most, most + 1);
        byte[] weights = [.. lowered.Weights];
        DenseS8.Order(section.Shape).Pack(values).CopyTo(weights, section.Offset);
        PlanCall step = lowered.Calls.First(s => s.Macs > 0);
        step = step with
        {
            Arguments = new(step.Arguments.Where(a => a.Name is not (Tile or VnniTile))
                .Select(a => a.Name == "pairSums" ? new PlanArgument.Integer(a.Name, isBounded ? 1 : 0) : a)),
        };
        var workspace = new Workspace(PackedWeights.Of(weights), lowered.ArenaBytes);
        random.NextBytes(workspace.ArenaSpan<byte>(0, lowered.ArenaBytes));
        return (Call(step with { Kernel = nameof(Int8Convolution) }), Winograd(2), Winograd(4));

        Action Winograd(int tile) => Call(step with
        {
            Kernel = nameof(Int8WinogradConvolution),
            Arguments = new([.. step.Arguments, new PlanArgument.Integer(Tile, tile), new PlanArgument.Integer(VnniTile, tile)]),
        });

        Action Call(PlanCall of)
        {
            StepCall call = KernelBinder.Bind(of);
            return () => call(workspace);
        }
    }
}
