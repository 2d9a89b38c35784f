using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Types;

/// <summary>Numbers from a start to before a limit in equal steps (ONNX operator Range); its inputs must be constant.</summary>
[Operator("Range")]
[Input(0, "start", Elements.Numbers, Variable = "T", Fixed = true)]
[Input(1, "limit", Elements.Numbers, Variable = "T", Fixed = true)]
[Input(2, "delta", Elements.Numbers, Variable = "T", Fixed = true)]
[Output(0, "output")]
[NotDifferentiable("reads nothing but bounds")]
internal sealed class RangeOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType type = context.Type(0);
        var values = new double[3];
        for (int i = 0; i < 3; i++)
        {
            if (context.Type(i).Count != 1)
                throw context.Invalid($"its input {i} is {context.Type(i)} instead of one number");
            Tensor constant = context.InputConstants[i]
                ?? throw new ModelException(DiagnosticCatalog.DataDependentShape, context.Node.Name, context.Node.OpType,
                    context.Node.Inputs[i]);
            values[i] = NumericCast.Convert(constant, ElementType.Float64)!.Values<double>()[0];
        }
        double count = Math.Ceiling((values[1] - values[0]) / values[2]);
        if (values[2] == 0 || double.IsNaN(count))
            throw context.Invalid("its step is 0 or not a number");
        return [TensorType.Of(type.Element, checked((int)Math.Max(0, Math.Min(count, long.MaxValue / 2))))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [NumericDispatch.Run<Code, Tensor>(inputs[0]!.Element, new Code(context.OutputTypes[0], inputs[0]!, inputs[2]!))];

    private readonly struct Code(TensorType type, Tensor start, Tensor step) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            T first = start.Values<T>()[0], delta = step.Values<T>()[0];
            var y = new T[type.Count];
            for (int i = 0; i < y.Length; i++)
                y[i] = unchecked(first + (T.CreateTruncating(i) * delta));
            return new(type, y);
        }
    }
}
