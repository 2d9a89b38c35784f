namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>One direction of a plain recurrent layer (J. L. Elman, 1990): the state is an activation of the sums.</summary>
internal static class RnnLoop
{
    /// <summary>Runs all steps of all sequences.</summary>
    /// <param name="call">The direction.</param>
    /// <param name="product">The weights of the state.</param>
    /// <param name="function">The activation.</param>
    /// <param name="initialHidden">Operand offset of the first states.</param>
    /// <param name="hidden">Arena offset of the last states.</param>
    public static void Run<TProduct>(in RecurrentCall call, in TProduct product, int function, int initialHidden, int hidden)
        where TProduct : struct, IStateProduct
    {
        int size = call.Size;
        int productBytes = TProduct.ScratchBytes(size);
        ref byte scratch = ref call.W.Scratch(productBytes + (RecurrentCall.Room(size) * sizeof(float)));
        ref float sums = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref scratch, productBytes));
        for (int sequence = 0; sequence < call.Batch; sequence++)
        {
            ref float h = ref call.State(hidden, sequence);
            RecurrentCall.Copy(ref call.State(initialHidden, sequence), ref h, size);
            int length = call.Length(sequence);
            for (int i = 0; i < length; i++)
            {
                int step = call.Step(i, length);
                product.Add(call.W, 0, size, ref h, ref call.Gate(step, sequence, 1), ref sums, ref scratch);
                call.Activate(ref sums, size, function, 0);
                RecurrentCall.Copy(ref sums, ref h, size);
                call.Emit(ref h, step, sequence);
            }
            call.Finish(sequence, length);
        }
    }
}
