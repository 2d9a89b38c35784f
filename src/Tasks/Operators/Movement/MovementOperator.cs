using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// An operator that hands elements of its first input on: in other places, some of them left out or repeated. Quantised values move
/// like all others and keep their scale.
/// </summary>
internal abstract class MovementOperator : Operator, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.SameScale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Moves;

    /// <inheritdoc/>
    public virtual void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (this is not IKeepsElementOrder)
            ElementSources.Backward(this, context, step);
        else if (step.Gradient(0) is { } dx)
            GradientSums.Add(step.OutputGradient, dx);
    }
}

/// <summary>The trait of a movement that gives its input other dimensions, or none: every element keeps its place in memory.</summary>
internal interface IKeepsElementOrder;
