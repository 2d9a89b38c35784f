using System.Numerics;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// The trait of an operator that says its gradient: the step of reverse mode (A. Griewank and A. Walther, "Evaluating Derivatives", 2nd
/// ed. 2008, section 3.2) through one node. An operator without it carries <see cref="NotDifferentiableAttribute"/>.
/// </summary>
internal interface IDifferentiable
{
    /// <summary>
    /// Adds to the gradients of the inputs what follows from the gradients of the outputs. An activation that is fused into the node is
    /// not its concern: the gradients it gets are those of what the node computes before it.
    /// </summary>
    /// <param name="context">The node and its types, whose float32 is <typeparamref name="T"/>.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float, or double where gradients are checked.</typeparam>
    void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>;
}

/// <summary>
/// The trait of an operator that computes its outputs for training in place, in the arithmetic of training. Others are
/// evaluated as always (<see cref="Operator.Evaluate"/>); those whose reference arithmetic is float32 only need it, so that their
/// gradients can be checked in double precision, and it saves memory traffic.
/// </summary>
internal interface ITrainingForward : IDifferentiable
{
    /// <summary>Writes all outputs, without the activation that is fused into the node.</summary>
    /// <param name="context">The node and its types, whose float32 is <typeparamref name="T"/>.</param>
    /// <param name="step">Values; gradients are not there yet.</param>
    /// <typeparam name="T">float, or double where gradients are checked.</typeparam>
    void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>;
}

/// <summary>
/// The trait of an operator whose gradient is not its derivative but an estimate that training can follow, because the derivative is 0
/// almost everywhere (straight-through estimator: Y. Bengio et al. 2013, arXiv 1308.3432, section 4).
/// </summary>
internal interface IStraightThrough : IDifferentiable;

/// <summary>Says why an operator has no gradient. What it reads counts as constant in training.</summary>
/// <param name="reason">The reason, as the continuation of "it …".</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NotDifferentiableAttribute(string reason) : Attribute
{
    /// <summary>The reason, as the continuation of "it …".</summary>
    public string Reason { get; } = reason;
}
