namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// One direction of an LSTM (S. Hochreiter and J. Schmidhuber, 1997): step by step the products with the state for all four gates, then the
/// gates and the two states element by element. The gates lie in the order input, output, forget, cell.
/// </summary>
internal static class LstmLoop
{
    private const int Gates = 4;

    /// <summary>Runs all steps of all sequences.</summary>
    /// <param name="call">The direction.</param>
    /// <param name="product">The weights of the state.</param>
    /// <param name="functions">The activations of gates, candidates and outputs.</param>
    /// <param name="peepholes">
    /// Operand offset of the weights of the cell's state, [directions, 3 · size] for input, output and forget gate, where there are any.
    /// </param>
    /// <param name="hasPeepholes">Whether there are any.</param>
    /// <param name="coupled">Whether the forget gate is one minus the input gate.</param>
    /// <param name="initialHidden">Operand offset of the first hidden states.</param>
    /// <param name="initialCell">Operand offset of the first cell states.</param>
    /// <param name="hidden">Arena offset of the last hidden states.</param>
    /// <param name="cell">Arena offset of the last cell states.</param>
    public static void Run<TProduct>(
        in RecurrentCall call, in TProduct product, (int Gate, int Candidate, int Output) functions, int peepholes, bool hasPeepholes,
        bool coupled, int initialHidden, int initialCell, int hidden, int cell)
        where TProduct : struct, IStateProduct
    {
        int size = call.Size;
        bool small = call.W.IsStarting;
        int productBytes = TProduct.ScratchBytes(size);
        int sumFloats = RecurrentCall.Room(Gates * size);
        ref byte scratch = ref call.W.Scratch(productBytes + ((sumFloats + RecurrentCall.Room(size)) * sizeof(float)));
        ref float input = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref scratch, productBytes));
        ref float output = ref Unsafe.Add(ref input, size);
        ref float forget = ref Unsafe.Add(ref output, size);
        ref float candidate = ref Unsafe.Add(ref forget, size);
        ref float squashed = ref Unsafe.Add(ref input, sumFloats);
        ref float peepInput = ref Unsafe.Add(
            ref Unsafe.As<byte, float>(ref call.W.Operand(peepholes)), (nint)call.Direction * 3 * size);
        ref float peepOutput = ref Unsafe.Add(ref peepInput, size);
        ref float peepForget = ref Unsafe.Add(ref peepOutput, size);
        for (int sequence = 0; sequence < call.Batch; sequence++)
        {
            ref float h = ref call.State(hidden, sequence);
            ref float c = ref call.State(cell, sequence);
            RecurrentCall.Copy(ref call.State(initialHidden, sequence), ref h, size);
            RecurrentCall.Copy(ref call.State(initialCell, sequence), ref c, size);
            int length = call.Length(sequence);
            for (int i = 0; i < length; i++)
            {
                int step = call.Step(i, length);
                product.Add(call.W, 0, Gates * size, ref h, ref call.Gate(step, sequence, Gates), ref input, ref scratch);
                if (hasPeepholes)
                {
                    RecurrentUpdate.Run<RecurrentUpdate.ProductAndSum>(small, ref peepInput, ref c, ref input, ref c, ref input, size);
                    RecurrentUpdate.Run<RecurrentUpdate.ProductAndSum>(small, ref peepForget, ref c, ref forget, ref c, ref forget, size);
                    call.Activate(ref input, size, functions.Gate, 0);
                    call.Activate(ref forget, size, functions.Gate, 0);
                }
                else
                {
                    call.Activate(ref input, 3 * size, functions.Gate, 0);
                }
                call.Activate(ref candidate, size, functions.Candidate, 1);
                if (coupled)
                    RecurrentUpdate.Run<RecurrentUpdate.Coupled>(small, ref input, ref c, ref candidate, ref c, ref c, size);
                else
                    RecurrentUpdate.Run<RecurrentUpdate.TwoProducts>(small, ref forget, ref c, ref input, ref candidate, ref c, size);
                if (hasPeepholes)
                {
                    RecurrentUpdate.Run<RecurrentUpdate.ProductAndSum>(small, ref peepOutput, ref c, ref output, ref c, ref output, size);
                    call.Activate(ref output, size, functions.Gate, 0);
                }
                call.Apply(ref c, ref squashed, size, functions.Output, 2);
                RecurrentUpdate.Run<RecurrentUpdate.Product>(small, ref output, ref squashed, ref c, ref c, ref h, size);
                call.Emit(ref h, step, sequence);
            }
            call.Finish(sequence, length);
        }
    }
}
