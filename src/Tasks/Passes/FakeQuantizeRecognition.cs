using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Passes;

/// <summary>
/// Makes one FakeQuantize node of a QuantizeLinear and the DequantizeLinear behind it: what a model that is quantised already has between
/// its layers. Where only nodes that move or select bytes stand between the two, DequantizeLinear goes before these.
/// </summary>
internal sealed class FakeQuantizeRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<DequantizeLinearOperator>() || ByteLevels.Of(OperatorContext.Of(editor, node)) is not { } levels
            || editor.Producer(node.Input(0)) is not { } producer)
            return false;
        if (!producer.Is<QuantizeLinearOperator>())
            return IsMovement(editor, producer) && Advance(editor, node, producer);
        if (ByteLevels.Of(OperatorContext.Of(editor, producer)) != levels)
            return false;
        editor.Replace(
            node, FakeQuantizeOperator.Create(node.Name, producer.Input(0), node.Outputs[0], levels.Scale, levels.ZeroPoint));
        editor.Prune(producer.Outputs[0]);
        return true;
    }

    // Numbers in the order of the levels and as far apart: selecting and moving them is the same before and behind. Pad adds zeros of its
    // own, which are levels before and real numbers behind.
    private static bool IsMovement(GraphEditor editor, Node node)
    {
        if (node.Is<PadOperator>() || node.Outputs.Skip(1).Any(o => o.Length > 0) || !editor.HasSingleUse(node.Outputs[0])
            || editor.Constant(node.Input(0)) is not null)
            return false;
        TensorType bytes = editor.TypeOf(node.Input(0));
        OperatorContext context = OperatorContext.Of(editor, node);
        OperatorContext onReals = context with { InputTypes = context.InputTypes.SetItem(0, bytes.As(ElementType.Float32)) };
        return bytes.Element == editor.TypeOf(node.Outputs[0]).Element
            && context.InputTypes.Skip(1).All(t => t?.Element != bytes.Element)
            && OperatorRegistry.Of(node).IntegerForm(onReals) == IntegerForm.SameScale;
    }

    private static bool Advance(GraphEditor editor, Node node, Node movement)
    {
        TensorType reals = editor.TypeOf(movement.Input(0)).As(ElementType.Float32);
        string value = editor.AddValue(movement.Input(0) + ".reals", reals);
        ImmutableArray<string> outputs = node.Outputs;
        editor.Remove(node);
        editor.Replace(
            movement,
            node with { Inputs = node.Inputs.SetItem(0, movement.Input(0)), Outputs = [value] },
            movement with { Inputs = movement.Inputs.SetItem(0, value), Outputs = outputs });
        return true;
    }
}
