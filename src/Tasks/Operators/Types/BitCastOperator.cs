using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Types;

/// <summary>The same bits as elements of another type of the same size (ONNX operator BitCast).</summary>
[Operator("BitCast")]
[Input(0, "input", Elements.Numbers | Elements.Bool)]
[Output(0, "output")]
[Parameter("to", ParameterKind.Int, Required = true)]
[NotDifferentiable("reads the bits of numbers as other ones")]
internal sealed class BitCastOperator : Operator
{
    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Converts;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        var to = (ElementType)context.Node.Int("to", 0);
        if (!Enum.IsDefined(to) || to is ElementType.String || to.IsNarrow() || to.Size() != x.Element.Size())
            throw context.Invalid(
                $"the bits of {x.Element} cannot be those of type {context.Node.Int("to", 0)}: its elements have another size");
        return [x.As(to)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        ReadOnlySpan<byte> bits = inputs[0]!.Bytes;
        bits.CopyTo(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(result.Data), bits.Length));
        return [result];
    }
}
