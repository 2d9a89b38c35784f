using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>What a node sees of a step of training: its values and, on the way back, their gradients. Belongs to one tape.</summary>
/// <param name="inputs">How many inputs the node has.</param>
/// <param name="outputs">How many outputs it has.</param>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class TrainingStep<T>(int inputs, int outputs)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
{
    private readonly Dictionary<Type, object> _kept = [];

    /// <summary>The inputs; null where an optional one is omitted.</summary>
    public Tensor?[] Inputs { get; } = new Tensor?[inputs];

    /// <summary>The outputs; null where nobody reads one.</summary>
    public Tensor?[] Outputs { get; } = new Tensor?[outputs];

    /// <summary>For each input the gradient that is added to, as many elements as the input has; null where none is asked for.</summary>
    public T[]?[] InputGradients { get; } = new T[]?[inputs];

    /// <summary>For each output its gradient; null where it has none, because nothing behind it depends on it.</summary>
    public T[]?[] OutputGradients { get; } = new T[]?[outputs];

    /// <summary>The elements of an input that is there and of type <typeparamref name="T"/>.</summary>
    /// <param name="index">The input.</param>
    public T[] Input(int index) => Inputs[index]!.Values<T>();

    /// <summary>The elements of an input that may be of another numeric type, as <typeparamref name="T"/>.</summary>
    /// <param name="index">The input.</param>
    public T[] Converted(int index) => Inputs[index]!.Data as T[]
        ?? NumericCast.Convert(Inputs[index]!, ElementTypes.Of<T>())!.Values<T>();

    /// <summary>The elements of an output.</summary>
    /// <param name="index">The output.</param>
    public T[] Output(int index) => Outputs[index]!.Values<T>();

    /// <summary>The gradient of the first output.</summary>
    public T[] OutputGradient => OutputGradients[0]!;

    /// <summary>The gradient of an input that is added to; null where none is asked for or the input is not there.</summary>
    /// <param name="index">The input, also one beyond the list.</param>
    public T[]? Gradient(int index) => index < InputGradients.Length ? InputGradients[index] : null;

    /// <summary>The bytes of buffers that the node keeps between its steps.</summary>
    public long KeptBytes => _kept.Values.Sum(k =>
        k is IHoldsBuffers buffers ? buffers.Bytes : k is Array { Length: > 0 } array ? Buffer.ByteLength(array) : 0L);

    /// <summary>
    /// What the node keeps between its steps: tables, buffers, and from the way forward for the way back. One for each kind.
    /// </summary>
    /// <typeparam name="TKept">The kind.</typeparam>
    /// <param name="make">Makes it at the first call.</param>
    public TKept Keep<TKept>(Func<TKept> make)
        where TKept : class
    {
        if (!_kept.TryGetValue(typeof(TKept), out object? kept))
            _kept.Add(typeof(TKept), kept = make());
        return (TKept)kept;
    }
}
