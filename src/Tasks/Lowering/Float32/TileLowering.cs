using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Repetition along axes: one copy, in which every axis appears twice, as the repetitions, which stand still in the source, and as
/// the elements.
/// </summary>
[Lowers(LoweringForm.Native, typeof(TileOperator))]
internal sealed class TileLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int rank = input.Dimensions.Length;
        var dimensions = new int[2 * rank];
        var from = new int[2 * rank];
        var to = new int[2 * rank];
        for (int i = 0; i < rank; i++)
        {
            int size = input.Dimensions[i];
            (dimensions[2 * i], from[2 * i], to[2 * i]) = (output.Dimensions[i] / size, 0, output.Strides[i] * size);
            (dimensions[(2 * i) + 1], from[(2 * i) + 1], to[(2 * i) + 1]) = (size, input.Strides[i], output.Strides[i]);
        }
        context.Copy(
            node.Name,
            input with { Dimensions = [.. dimensions], Strides = [.. from], Border = Border.None },
            output with { Dimensions = [.. dimensions], Strides = [.. to], Border = Border.None },
            $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}");
    }
}
