namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// One direction of a GRU (K. Cho et al., 2014): step by step the products with the state, the gates, and the state element by element. The
/// gates lie in the order update, reset, candidate.
/// </summary>
internal static class GruLoop
{
    private const int Gates = 3;

    /// <summary>Runs all steps of all sequences.</summary>
    /// <param name="call">The direction.</param>
    /// <param name="product">
    /// The weights of the state. Where the reset gate meets the state itself, those of the candidate are a second part, which begins at a
    /// panel of its own.
    /// </param>
    /// <param name="functions">The activations of gates and candidates.</param>
    /// <param name="linear">Whether the reset gate meets the product with the state instead of the state.</param>
    /// <param name="bias">
    /// Operand offset of what the reset gate multiplies beside the product, [directions, size], where it meets the product.
    /// </param>
    /// <param name="initialHidden">Operand offset of the first states.</param>
    /// <param name="hidden">Arena offset of the last states.</param>
    public static void Run<TProduct>(
        in RecurrentCall call, in TProduct product, (int Gate, int Candidate) functions, bool linear, int bias, int initialHidden,
        int hidden)
        where TProduct : struct, IStateProduct
    {
        int size = call.Size;
        bool small = call.W.IsStarting;
        int productBytes = TProduct.ScratchBytes(size);
        int sumFloats = RecurrentCall.Room(Gates * size);
        ref byte scratch = ref call.W.Scratch(productBytes + (2 * sumFloats * sizeof(float)));
        ref float update = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref scratch, productBytes));
        ref float reset = ref Unsafe.Add(ref update, size);
        ref float candidate = ref Unsafe.Add(ref reset, size);
        ref float other = ref Unsafe.Add(ref update, sumFloats);
        if (linear)
        {
            ref float biases = ref Unsafe.As<byte, float>(ref call.W.Operand(bias));
            RecurrentCall.Copy(
                ref Unsafe.Add(ref biases, (nint)call.Direction * size), ref Unsafe.Add(ref other, 2 * size), size);
        }
        for (int sequence = 0; sequence < call.Batch; sequence++)
        {
            ref float h = ref call.State(hidden, sequence);
            RecurrentCall.Copy(ref call.State(initialHidden, sequence), ref h, size);
            int length = call.Length(sequence);
            for (int i = 0; i < length; i++)
            {
                int step = call.Step(i, length);
                ref float gates = ref call.Gate(step, sequence, Gates);
                ref float gatesOfCandidate = ref Unsafe.Add(ref gates, 2 * size);
                if (linear)
                {
                    RecurrentCall.Copy(ref gates, ref other, 2 * size);
                    product.Add(call.W, 0, Gates * size, ref h, ref other, ref update, ref scratch);
                    call.Activate(ref update, 2 * size, functions.Gate, 0);
                    RecurrentUpdate.Run<RecurrentUpdate.ProductAndSum>(
                        small, ref reset, ref candidate, ref gatesOfCandidate, ref reset, ref candidate, size);
                }
                else
                {
                    product.Add(call.W, 0, 2 * size, ref h, ref gates, ref update, ref scratch);
                    call.Activate(ref update, 2 * size, functions.Gate, 0);
                    RecurrentUpdate.Run<RecurrentUpdate.Product>(small, ref reset, ref h, ref h, ref h, ref other, size);
                    product.Add(call.W, 2 * size, size, ref other, ref gatesOfCandidate, ref candidate, ref scratch);
                }
                call.Activate(ref candidate, size, functions.Candidate, 1);
                RecurrentUpdate.Run<RecurrentUpdate.Between>(small, ref update, ref h, ref candidate, ref h, ref h, size);
                call.Emit(ref h, step, sequence);
            }
            call.Finish(sequence, length);
        }
    }
}
