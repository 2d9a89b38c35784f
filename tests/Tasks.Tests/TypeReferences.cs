using System.Reflection;
using System.Reflection.Emit;

namespace OptimizerBuild;

/// <summary>The types that a type mentions: in its base types, members, attributes and in the code of its methods.</summary>
internal static class TypeReferences
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => c.Value);

    /// <summary>All mentioned types, generic arguments and element types one by one.</summary>
    public static ISet<Type> Of(Type type)
    {
        var found = new HashSet<Type>();
        Add(found, type.BaseType);
        foreach (Type i in type.GetInterfaces())
            Add(found, i);
        foreach (CustomAttributeData attribute in type.GetCustomAttributesData())
            Add(found, attribute.AttributeType);
        foreach (FieldInfo field in type.GetFields(All))
            Add(found, field.FieldType);
        foreach (MethodBase method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
        {
            if (method is MethodInfo { ReturnType: var result })
                Add(found, result);
            foreach (ParameterInfo parameter in method.GetParameters())
                Add(found, parameter.ParameterType);
            AddBody(found, method);
        }
        return found;
    }

    private static void AddBody(HashSet<Type> found, MethodBase method)
    {
        if (method.GetMethodBody() is not { } body)
            return;
        foreach (LocalVariableInfo local in body.LocalVariables)
            Add(found, local.LocalType);
        byte[] code = body.GetILAsByteArray()!;
        Type[] typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : [];
        Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (int i = 0; i < code.Length;)
        {
            short value = code[i++];
            if (value == 0xFE)
                value = unchecked((short)(0xFE00 | code[i++]));
            OpCode operation = OpCodes[value];
            switch (operation.OperandType)
            {
                case OperandType.InlineType or OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineTok:
                    AddMember(found, method.Module.ResolveMember(BitConverter.ToInt32(code, i), typeArguments, methodArguments));
                    i += sizeof(int);
                    break;
                case OperandType.InlineSwitch:
                    i += sizeof(int) * (1 + BitConverter.ToInt32(code, i));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    i++;
                    break;
                case OperandType.InlineVar:
                    i += sizeof(short);
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    i += sizeof(long);
                    break;
                default:
                    i += sizeof(int);
                    break;
            }
        }
    }

    private static void AddMember(HashSet<Type> found, MemberInfo? member)
    {
        Add(found, member as Type ?? member?.DeclaringType);
        if (member is MethodInfo { IsGenericMethod: true } generic)
            foreach (Type argument in generic.GetGenericArguments())
                Add(found, argument);
    }

    private static void Add(HashSet<Type> found, Type? type)
    {
        if (type is null || type.IsGenericParameter)
            return;
        if (type.HasElementType)
        {
            Add(found, type.GetElementType());
            return;
        }
        if (!found.Add(type.IsGenericType ? type.GetGenericTypeDefinition() : type) && !type.IsGenericType)
            return;
        if (type.IsGenericType)
            foreach (Type argument in type.GetGenericArguments())
                if (argument != type)
                    Add(found, argument);
        Add(found, type.DeclaringType);
    }
}
